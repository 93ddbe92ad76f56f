use crate::store::FactorUse;

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// By a password.
    Password,
    /// By a one-time code, or a recovery code.
    OneTimeCode,
    /// By a passkey that its authenticator may copy to others.
    SoftwareKey,
    /// By a passkey that stays in one device.
    HardwareKey,
    /// By more than one factor.
    MultipleFactors,
}

impl Method {
    /// Its name in the `amr` claim (RFC 8176 section 2).
    pub fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::SoftwareKey => "swk",
            Self::HardwareKey => "hwk",
            Self::MultipleFactors => "mfa",
        }
    }
}

impl From<&FactorUse> for Method {
    fn from(used: &FactorUse) -> Self {
        match used {
            FactorUse::Totp { .. } | FactorUse::RecoveryCode(_) => Self::OneTimeCode,
            FactorUse::Passkey { synced: true, .. } => Self::SoftwareKey,
            FactorUse::Passkey { synced: false, .. } => Self::HardwareKey,
        }
    }
}

/// The `amr` claim of these methods.
pub(crate) fn amr(methods: &[Method]) -> Vec<String> {
    methods.iter().map(|method| method.amr().to_owned()).collect()
}
