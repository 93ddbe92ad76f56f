//! The first test of e2e/README.md, as it stands there.

use hallpass_e2e::pages::{Header, LoginPage};
use hallpass_e2e::{Context, Result, Test, tests};

async fn a_person_who_mistypes_their_password_can_try_again(t: &Context) -> Result {
    let ada = t.new_user().await?;
    let login = LoginPage::open(&t.browser).await?;
    login.submit(&ada.name, "corect horse").await?;
    login.expect_alert("wrong").await?;
    login.sign_in(&ada).await?;
    Header(&t.browser).expect_user(&ada.name).await
}

pub(crate) fn tests() -> Vec<Test> {
    tests![a_person_who_mistypes_their_password_can_try_again.needs_users()]
}
