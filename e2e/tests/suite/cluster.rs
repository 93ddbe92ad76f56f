//! Several nodes behind one address, of which one dies.

use anyhow::Context as _;
use hallpass_e2e::pages::{AccountPage, Header, ProtectedPage};
use hallpass_e2e::{Browser, Context, Result, Test, User, tests};

use crate::session::replaces_a_forged_token;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_person_stays_signed_in_while_the_node_they_talk_to_is_killed
            .needs_users()
            .needs_cluster()
    ]
}

/// Asks for what all nodes have, and tells which one the balancer says has answered.
const WHO_ANSWERS: &str = "
    const [done] = arguments;
    fetch('/api/config', { cache: 'no-store' })
        .then(answer => done(answer.headers.get('x-node')), error => done(`${error}`));
";

/// The number of the node that answers the browser at the moment.
async fn node_of(browser: &Browser) -> Result<u32> {
    let name = browser.execute_async(WHO_ANSWERS, &[]).await?;
    let number = name.as_str().and_then(|name| name.strip_prefix("node")?.parse().ok());
    number.with_context(|| format!("X-Node does not name a node: {name}"))
}

async fn a_person_stays_signed_in_while_the_node_they_talk_to_is_killed(t: &Context) -> Result {
    let (cluster, ada) = (t.cluster()?, t.signed_in().await?);
    let session = AccountPage::open(&t.browser).await?.own_session().await?;
    let node = node_of(&t.browser).await?;
    cluster.kill_node(node).await?;
    let without = goes_on(&t.browser, &ada, &session).await;
    // The tests that follow find all nodes, however this one ends.
    cluster.start_node(node).await?;
    without?;
    goes_on(&t.browser, &ada, &session).await
}

/// Uses the token, then the cookie, then the session as the store has it.
async fn goes_on(browser: &Browser, ada: &User, session: &str) -> Result {
    browser.goto(ProtectedPage::PATH).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    replaces_a_forged_token(browser, ada).await?;
    AccountPage::open(browser).await?.expect_only_session(session).await?;
    Header(browser).expect_user(&ada.name).await
}
