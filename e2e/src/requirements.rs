//! Whether a test can be done here.

use crate::driver::Kind;
use crate::skip::Skip;
use crate::target::Target;
use crate::test::Test;

/// Why a test can't be done on this target with this browser, if it can't.
pub(crate) fn unmet(test: &Test, target: &Target, kind: Kind) -> Option<Skip> {
    if let Some((only, why)) = test.only_on
        && only != kind
    {
        return Some(Skip::because(format!("only on {only}: {why}")));
    }
    let needs = test.needs;
    let Target::Deployment(deployment) = target else {
        return needs.cluster.then(|| Skip::because("needs a cluster: --url and --cluster"));
    };
    let reason = if needs.server {
        "needs the server in hand"
    } else if needs.users && !deployment.registration_open {
        "needs new users, and registration is closed"
    } else if needs.account && !deployment.can_sign_in() {
        "needs an account: --account and HALLPASS_E2E_PASSWORD, or open registration"
    } else if needs.admin && deployment.admin.is_none() {
        "needs an admin: --admin and HALLPASS_E2E_ADMIN_PASSWORD"
    } else if needs.cluster && deployment.cluster.is_none() {
        "needs nodes to kill: --cluster"
    } else {
        return None;
    };
    Some(Skip::because(reason))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cluster::Cluster;
    use crate::target::Deployment;
    use crate::{Context, Result, User};

    async fn story(_: &Context) -> Result {
        Ok(())
    }

    fn deployment(registration_open: bool) -> Deployment {
        let address = "https://login.example".to_owned();
        Deployment { address, registration_open, account: None, admin: None, cluster: None }
    }

    fn skipped(test: &Test, deployment: Deployment) -> String {
        let target = Target::Deployment(deployment);
        unmet(test, &target, Kind::Chromium).map(|skip| skip.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_server_of_our_own_has_all_that_a_test_needs() {
        let tests = crate::tests![
            story.needs_server().needs_users().needs_account().needs_admin().server_args(&["-x"])
        ];
        assert_eq!(unmet(&tests[0], &Target::Own, Kind::Firefox), None);
    }

    #[test]
    fn a_deployment_is_not_in_hand() {
        let tests = crate::tests![story.server_args(&["--access-ttl", "3s"]), story];
        assert!(skipped(&tests[0], deployment(true)).contains("in hand"));
        assert_eq!(skipped(&tests[1], deployment(false)), "");
    }

    #[test]
    fn users_are_made_where_registration_is_open() {
        let tests = crate::tests![story.needs_users()];
        assert!(skipped(&tests[0], deployment(false)).contains("registration is closed"));
        assert_eq!(skipped(&tests[0], deployment(true)), "");
    }

    #[test]
    fn an_account_is_given_or_made() {
        let tests = crate::tests![story.needs_account(), story.needs_admin()];
        let given = Some(User::new("ada", "secret"));
        assert!(skipped(&tests[0], deployment(false)).contains("--account"));
        assert_eq!(skipped(&tests[0], deployment(true)), "");
        assert_eq!(
            skipped(&tests[0], Deployment { account: given.clone(), ..deployment(false) }),
            ""
        );
        assert!(skipped(&tests[1], deployment(true)).contains("--admin"));
        assert_eq!(skipped(&tests[1], Deployment { admin: given, ..deployment(false) }), "");
    }

    #[test]
    fn nodes_are_killed_only_where_a_script_can_do_it() {
        let tests = crate::tests![story.needs_cluster()];
        let own = unmet(&tests[0], &Target::Own, Kind::Chromium).expect("skipped");
        assert!(own.to_string().contains("--cluster"), "{own}");
        assert!(skipped(&tests[0], deployment(true)).contains("--cluster"));
        let cluster = Cluster::of(Path::new("/bin/sh")).ok();
        assert_eq!(skipped(&tests[0], Deployment { cluster, ..deployment(true) }), "");
    }

    #[test]
    fn a_test_for_one_browser_is_skipped_on_the_other() {
        let tests = crate::tests![story.only_on(Kind::Chromium, "Firefox has no such thing")];
        let skip = unmet(&tests[0], &Target::Own, Kind::Firefox).expect("skipped");
        assert_eq!(skip.to_string(), "only on chromium: Firefox has no such thing");
        assert_eq!(unmet(&tests[0], &Target::Own, Kind::Chromium), None);
    }
}
