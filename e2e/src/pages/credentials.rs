use crate::Browser;

/// `/login`
#[derive(Clone, Copy, Debug)]
pub struct LoginPage;

impl LoginPage {
    /// The page's path.
    pub const PATH: &'static str = "/login";
    const FORM: &'static str = "#login-form";

    /// Loads the page.
    pub async fn open(browser: &Browser) -> anyhow::Result<CredentialsForm<'_>> {
        browser.goto(Self::PATH).await?;
        Self::expect(browser).await
    }

    /// Waits until the browser has come to the page by itself.
    pub async fn expect(browser: &Browser) -> anyhow::Result<CredentialsForm<'_>> {
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
    pub async fn open(browser: &Browser) -> anyhow::Result<CredentialsForm<'_>> {
        browser.goto(Self::PATH).await?;
        CredentialsForm::expect(browser, Self::FORM).await
    }
}

/// A form of a username and a password.
#[derive(Debug)]
pub struct CredentialsForm<'a> {
    browser: &'a Browser,
    css: &'static str,
}

impl<'a> CredentialsForm<'a> {
    async fn expect(browser: &'a Browser, css: &'static str) -> anyhow::Result<Self> {
        browser.see(css).await?;
        Ok(Self { browser, css })
    }

    /// Fills in the form and presses its button.
    pub async fn submit(&self, username: &str, password: &str) -> anyhow::Result<()> {
        for (name, text) in [("username", username), ("password", password)] {
            let input = self.browser.see(&format!("{} [name='{name}']", self.css)).await?;
            input.clear().await?;
            input.send_keys(text).await?;
        }
        let button = self.browser.see(&format!("{} [type='submit']", self.css)).await?;
        let enabled = async || Ok(button.is_enabled().await?);
        self.browser.eventually("the button can be pressed", enabled).await?;
        button.click().await?;
        Ok(())
    }

    /// Waits until the form says this above its fields.
    pub async fn expect_alert(&self, text: &str) -> anyhow::Result<()> {
        self.browser.see_text(&format!("{} [role='alert']", self.css), text).await
    }

    /// Waits until the form says this below a field, and marks the field.
    pub async fn expect_field_error(&self, field: &str, text: &str) -> anyhow::Result<()> {
        let message = format!("{} [data-error-for='{field}']", self.css);
        self.browser.see_text(&message, text).await?;
        self.browser.find(&format!("{} [name='{field}'][aria-invalid='true']", self.css)).await?;
        Ok(())
    }
}
