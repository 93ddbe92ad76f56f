//! The buttons.

use super::field::Form;

/// What a button does, as its `data-action` names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// `sign-out`
    SignOut,
    /// `toggle-password`, of this form.
    TogglePassword(Form),
    /// `retry`: load what is missing on the page.
    Retry,
    /// `cancel`: close the dialog and drop what it was for.
    Cancel,
    /// `prove`: ask for the password, for another script of the page.
    Prove,
    /// `passkey`: send this body, which another script of the page has made.
    Passkey(String),
    /// `end-session`, of this id.
    EndSession(String),
    /// `end-other-sessions`
    EndOtherSessions,
    /// `disable`: shut the user of this id out.
    Disable(String),
    /// `enable`: let the user of this id in again.
    Enable(String),
    /// `end-user-sessions`: sign the user of this id out everywhere.
    EndUserSessions(String),
    /// `offer-reset`: make a reset link for the user of this id.
    OfferReset(String),
    /// `withdraw-reset`: end the reset link of the user of this id.
    WithdrawReset(String),
}

impl Action {
    /// The action of this name, in this form and in the row with this id, as far as there are any.
    pub fn parse(name: &str, form: Option<Form>, row: Option<String>) -> Option<Self> {
        Some(match name {
            "sign-out" => Self::SignOut,
            "toggle-password" => Self::TogglePassword(form?),
            "retry" => Self::Retry,
            "cancel" => Self::Cancel,
            "prove" => Self::Prove,
            "passkey" => Self::Passkey(row?),
            "end-session" => Self::EndSession(row?),
            "end-other-sessions" => Self::EndOtherSessions,
            "disable" => Self::Disable(row?),
            "enable" => Self::Enable(row?),
            "end-user-sessions" => Self::EndUserSessions(row?),
            "offer-reset" => Self::OfferReset(row?),
            "withdraw-reset" => Self::WithdrawReset(row?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_a_row_or_a_form_needs_one() {
        let row = || Some("id".to_owned());
        let ends = Some(Action::EndSession("id".into()));
        assert_eq!(Action::parse("end-session", None, row()), ends);
        assert_eq!(Action::parse("end-session", None, None), None);
        let toggles = Some(Action::TogglePassword(Form::Login));
        assert_eq!(Action::parse("toggle-password", Some(Form::Login), None), toggles);
        assert_eq!(Action::parse("toggle-password", None, row()), None);
        assert_eq!(Action::parse("passkey", None, None), None);
        assert_eq!(Action::parse("explode", None, None), None);
    }
}
