use crate::Browser;

/// A form of a username and a password.
#[derive(Debug)]
struct Form<'a> {
    browser: &'a Browser,
    css: &'static str,
}

impl Form<'_> {
    async fn submit(&self, username: &str, password: &str) -> anyhow::Result<()> {
        for (name, text) in [("username", username), ("password", password)] {
            let input = self.browser.see(&format!("{} [name='{name}']", self.css)).await?;
            input.clear().await?;
            input.send_keys(text).await?;
        }
        let button = self.browser.see(&format!("{} [type='submit']", self.css)).await?;
        self.browser
            .eventually("the button can be pressed", async || Ok(button.is_enabled().await?))
            .await?;
        button.click().await?;
        Ok(())
    }

    async fn expect_alert(&self, text: &str) -> anyhow::Result<()> {
        self.browser.see_text(&format!("{} [role='alert']", self.css), text).await
    }

    async fn expect_field_error(&self, field: &str, text: &str) -> anyhow::Result<()> {
        let message = format!("{} [data-error-for='{field}']", self.css);
        self.browser.see_text(&message, text).await?;
        self.browser.find(&format!("{} [name='{field}'][aria-invalid='true']", self.css)).await?;
        Ok(())
    }
}

macro_rules! credentials_page {
    ($(#[$doc:meta])* $name:ident, $path:literal, $css:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<'a>(Form<'a>);

        impl<'a> $name<'a> {
            /// The page's path.
            pub const PATH: &'static str = $path;

            /// Loads the page.
            pub async fn open(browser: &'a Browser) -> anyhow::Result<Self> {
                browser.goto(Self::PATH).await?;
                Self::expect(browser).await
            }

            /// Waits until the browser has come to the page by itself.
            pub async fn expect(browser: &'a Browser) -> anyhow::Result<Self> {
                browser.see($css).await?;
                Ok(Self(Form { browser, css: $css }))
            }

            /// Fills in the form and presses its button.
            pub async fn submit(&self, username: &str, password: &str) -> anyhow::Result<()> {
                self.0.submit(username, password).await
            }

            /// Waits until the form says this above its fields.
            pub async fn expect_alert(&self, text: &str) -> anyhow::Result<()> {
                self.0.expect_alert(text).await
            }

            /// Waits until the form says this below a field, and marks the field.
            pub async fn expect_field_error(&self, field: &str, text: &str) -> anyhow::Result<()> {
                self.0.expect_field_error(field, text).await
            }
        }
    };
}

credentials_page!(
    /// `/login`
    LoginPage, "/login", "#login-form"
);
credentials_page!(
    /// `/register`
    RegisterPage, "/register", "#register-form"
);
