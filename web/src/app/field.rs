//! The forms, their fields, and what is in them.

use hallpass_contract::Secret;

/// The forms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// `#login-form`
    Login,
    /// `#register-form`
    Register,
    /// `#reset-form`
    Reset,
    /// `#password-form` of the account page.
    Password,
    /// `#delete-form` of the account page.
    Delete,
    /// `#fresh-form` of the dialog that asks for the password again.
    Fresh,
}

/// All forms, in the order of their numbers.
pub const FORMS: [Form; 6] =
    [Form::Login, Form::Register, Form::Reset, Form::Password, Form::Delete, Form::Fresh];

/// The fields of the forms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// `username`
    Username,
    /// `password`
    Password,
    /// `current_password`
    Current,
}

/// What is in a form's fields; empty where it has no such field.
#[derive(Clone, Debug)]
pub struct Input {
    /// `username`
    pub username: String,
    /// `password`
    pub password: Secret,
    /// `current_password`
    pub current: Secret,
}

/// What can have the focus in a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Control {
    /// A field.
    Field(Field),
    /// The button.
    Submit,
}
