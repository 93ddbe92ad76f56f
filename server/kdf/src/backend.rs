use std::ops::ControlFlow;

use crate::lanes::Lanes;
use crate::{Input, Key, portable};

#[cfg(target_arch = "x86_64")]
use crate::{
    avx512::Avx512,
    schedule::{self, Kernel as _},
    sha_ni::ShaNi,
};

/// A way to derive keys. All backends derive the same keys. [`derive()`](crate::derive()) takes the
/// fastest one; name one yourself to compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    ShaNi(ShaNi),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Backend {
    /// The fastest one that this processor can run. Only the first call has to ask it.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::detect() {
            return Self(Kind::Avx512(avx512));
        } else if let Some(sha_ni) = ShaNi::detect() {
            return Self(Kind::ShaNi(sha_ni));
        }
        Self::portable()
    }

    /// The `pbkdf2` crate, one input after the other; runs everywhere.
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// All that this processor can run, the portable one first and the fastest one last.
    pub fn available() -> Vec<Self> {
        let mut backends = vec![Self::portable()];
        #[cfg(target_arch = "x86_64")]
        {
            backends.extend(ShaNi::detect().map(|sha_ni| Self(Kind::ShaNi(sha_ni))));
            let avx512 = Avx512::detect();
            backends.extend(avx512.map(|avx512| Self(Kind::Avx512(avx512.alone()))));
        }
        backends.push(Self::detect());
        backends.dedup();
        backends
    }

    /// `portable`, `sha-ni`, `avx512` or `avx512+sha-ni`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(_) => "sha-ni",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => avx512.name(),
        }
    }

    /// As [`lanes()`](crate::lanes()).
    pub fn lanes(self) -> Lanes {
        match self.0 {
            Kind::Portable => Lanes::always(1),
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(sha_ni) => sha_ni.lanes(),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => avx512.lanes(),
        }
    }

    /// As [`derive()`](crate::derive()).
    pub fn derive(self, inputs: &[Input<'_>]) -> Vec<Key> {
        let keys = self.derive_with_pauses(inputs, || ControlFlow::Continue(()));
        keys.expect("nothing breaks it off")
    }

    /// As [`derive_with_pauses()`](crate::derive_with_pauses()).
    pub fn derive_with_pauses(
        self,
        inputs: &[Input<'_>],
        mut pause: impl FnMut() -> ControlFlow<()>,
    ) -> Option<Vec<Key>> {
        match self.0 {
            Kind::Portable => {
                let mut derive = |input| {
                    let key = portable::derive(input);
                    pause().is_continue().then_some(key)
                };
                inputs.iter().map(&mut derive).collect()
            }
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(sha_ni) => schedule::derive(inputs, sha_ni, pause),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => schedule::derive(inputs, avx512, pause),
        }
    }
}
