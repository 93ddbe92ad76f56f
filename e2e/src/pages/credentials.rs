use crate::pages::ProtectedPage;
use crate::{Browser, Result, User};

/// `/login`
#[derive(Clone, Copy, Debug)]
pub struct LoginPage;

impl LoginPage {
    /// The page's path.
    pub const PATH: &'static str = "/login";
    const FORM: &'static str = "#login-form";
    /// The button by which a passkey signs in, as a selector.
    pub const PASSKEY: &'static str = "[data-view='login'] [data-do='passkey']";

    /// Loads the page.
    pub async fn open(browser: &Browser) -> Result<CredentialsForm<'_>> {
        browser.goto(Self::PATH).await?;
        Self::expect(browser).await
    }

    /// Waits until the browser has come to the page by itself.
    pub async fn expect(browser: &Browser) -> Result<CredentialsForm<'_>> {
        CredentialsForm::expect(browser, Self::FORM).await
    }
}

/// `/register`
#[derive(Clone, Copy, Debug)]
pub struct RegisterPage;

impl RegisterPage {
    /// The page's path.
    pub const PATH: &'static str = "/register";
    const FORM: &'static str = "#register-form";

    /// Loads the page.
    pub async fn open(browser: &Browser) -> Result<CredentialsForm<'_>> {
        browser.goto(Self::PATH).await?;
        Self::expect(browser).await
    }

    /// Waits until the browser has come to the page by itself.
    pub async fn expect(browser: &Browser) -> Result<CredentialsForm<'_>> {
        CredentialsForm::expect(browser, Self::FORM).await
    }

    /// After the form was submitted, does as the page says: [`CredentialsForm::settle`].
    pub async fn settle(browser: &Browser, password: &str) -> Result {
        CredentialsForm { browser, css: Self::FORM }.settle(password).await
    }
}

/// A form of a username and a password.
#[derive(Debug)]
pub struct CredentialsForm<'a> {
    browser: &'a Browser,
    css: &'static str,
}

impl<'a> CredentialsForm<'a> {
    async fn expect(browser: &'a Browser, css: &'static str) -> Result<Self> {
        browser.see(css).await?;
        Ok(Self { browser, css })
    }

    /// Fills in the form and presses its button.
    pub async fn submit(&self, username: &str, password: &str) -> Result {
        self.browser.fill(&self.field("username"), username).await?;
        self.browser.fill(&self.field("password"), password).await?;
        self.browser.click(&format!("{} [type='submit']", self.css)).await?;
        self.settle(password).await
    }

    /// Does as the page says after the form was submitted in whatever way: waits and submits again
    /// on a deployment that asks for patience. A registration signs its user in; if the server asks
    /// to wait with that, the account is there, and the sign-in page asks for the password.
    pub async fn settle(&self, password: &str) -> Result {
        let login = LoginPage::FORM;
        self.browser.submit_again_as_told(self.css).await?;
        if self.css == login || !self.browser.has_waited_as_told(login).await? {
            return Ok(());
        }
        self.browser.fill(&format!("{login} [name='password']"), password).await?;
        self.browser.submit(login).await
    }

    /// Submits what the user has, whatever comes of it.
    pub async fn submit_as(&self, user: &User) -> Result {
        self.submit(&user.name, user.password.expose()).await
    }

    /// Submits what the user has, and waits until they are in.
    pub async fn sign_in(&self, user: &User) -> Result {
        self.submit_as(user).await?;
        ProtectedPage(self.browser).expect_content_for(&user.name).await
    }

    /// Waits until the form says this above its fields.
    pub async fn expect_alert(&self, text: &str) -> Result {
        self.browser.see_text(&format!("{} [role='alert']", self.css), text).await
    }

    /// Waits until the form says this below a field, and marks the field.
    pub async fn expect_field_error(&self, field: &str, text: &str) -> Result {
        let message = format!("{} [data-error-for='{field}']", self.css);
        self.browser.see_text(&message, text).await?;
        self.browser.find(&format!("{}[aria-invalid='true']", self.field(field))).await?;
        Ok(())
    }

    /// Waits until the field for the username holds this.
    pub async fn expect_username(&self, username: &str) -> Result {
        self.browser.see_value(&self.field("username"), username).await
    }

    /// The selector of a field, for steps that the form does not have.
    pub fn field(&self, name: &str) -> String {
        format!("{} [name='{name}']", self.css)
    }
}
