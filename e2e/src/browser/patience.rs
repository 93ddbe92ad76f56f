//! Forms that ask to wait: on a deployment, a step waits and submits the form again.

use std::time::Duration;

use serde_json::{Value, json};

use super::Browser;
use crate::wait::eventually_within;
use crate::{Result, eventually};

/// The longest wait that the server's throttle asks for, of whoever fails again and again, and some
/// more.
const THROTTLE: Duration = Duration::from_secs(45);

/// Whether a form awaits an answer, or waits because it was told to.
const FORM_STATE: &str = "
    const form = document.querySelector(arguments[0]);
    if (form?.getAttribute('aria-busy') === 'true') return 'busy';
    const wait = form?.closest('[hidden]') ? '' : form?.querySelector('[data-wait]')?.textContent;
    return wait ? 'waits' : 'rests'";

impl Browser {
    /// Presses a form's button, as soon as it can be pressed, and does as the form says then.
    pub async fn submit(&self, form: &str) -> Result {
        self.click(&format!("{form} [type='submit']")).await?;
        self.submit_again_as_told(form).await
    }

    /// On a deployment presses a form's button again where its answer says that the server takes
    /// the next try later: who is told to wait, waits.
    pub async fn submit_again_as_told(&self, form: &str) -> Result {
        while self.has_waited_as_told(form).await? {
            self.click(&format!("{form} [type='submit']")).await?;
        }
        Ok(())
    }

    /// Waits as long as a form asks to, and says whether it did. Only a deployment is waited for: a
    /// test's own server has nobody else to protect.
    pub(crate) async fn has_waited_as_told(&self, form: &str) -> Result<bool> {
        if !self.is_patient {
            return Ok(false);
        }
        let state = async || self.client.execute(FORM_STATE, vec![json!(form)]).await;
        let mut last = Value::Null;
        let answered = async || {
            last = state().await?;
            Ok(last != "busy")
        };
        eventually(&format!("{form} has an answer"), answered).await?;
        if last != "waits" {
            return Ok(false);
        }
        self.steps.add(format_args!("wait as {form} asks to"));
        let takes = async || Ok(state().await? != "waits");
        eventually_within(THROTTLE, &format!("{form} takes the next try"), takes).await?;
        Ok(true)
    }
}
