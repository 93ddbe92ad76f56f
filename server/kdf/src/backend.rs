use std::ops::ControlFlow;

use crate::lanes::Lanes;
use crate::{Input, Key, portable};

#[cfg(target_arch = "aarch64")]
use crate::arm_sha::ArmSha;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::schedule::{self, Kernel as _};
#[cfg(target_arch = "x86_64")]
use crate::{avx2::Avx2, avx512::Avx512, sha_ni::ShaNi};

/// A way to derive keys. All backends derive the same keys. [`derive()`](crate::derive()) takes the
/// fastest one; name one yourself to compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend {
    kind: Kind,
    lanes: Lanes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    ShaNi(ShaNi),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    ArmSha(ArmSha),
}

impl Backend {
    /// The fastest one that this processor can run. Only the first call has to ask it.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let found = None
            .or_else(|| Avx512::detect().map(Kind::Avx512))
            .or_else(|| ShaNi::detect().map(Kind::ShaNi))
            .or_else(|| Avx2::detect().map(Kind::Avx2));
        #[cfg(target_arch = "aarch64")]
        let found = ArmSha::detect().map(Kind::ArmSha);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let found = None;
        Self::of(found.unwrap_or(Kind::Portable))
    }

    /// The `pbkdf2` crate, one input after the other; runs everywhere.
    pub fn portable() -> Self {
        Self::of(Kind::Portable)
    }

    /// All that this processor can run, the portable one first and the fastest one last.
    pub fn available() -> Vec<Self> {
        let mut backends = vec![Self::portable()];
        #[cfg(target_arch = "x86_64")]
        {
            let of = |kind: Option<Kind>| kind.map(Self::of);
            backends.extend(of(Avx2::detect().map(Kind::Avx2)));
            backends.extend(of(ShaNi::detect().map(Kind::ShaNi)));
            backends.extend(of(Avx512::detect().map(|avx512| Kind::Avx512(avx512.alone()))));
        }
        backends.push(Self::detect());
        backends.dedup();
        backends
    }

    fn of(kind: Kind) -> Self {
        let lanes = match kind {
            Kind::Portable => Lanes::always(1),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(avx2) => avx2.lanes(),
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(sha_ni) => sha_ni.lanes(),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => avx512.lanes(),
            #[cfg(target_arch = "aarch64")]
            Kind::ArmSha(arm_sha) => arm_sha.lanes(),
        };
        Self { kind, lanes }
    }

    /// The same with other numbers of lanes, such as a measurement has found to be the best. More
    /// than it has are as many as it has.
    #[must_use]
    pub fn with_lanes(self, lanes: Lanes) -> Self {
        Self { lanes, ..self }
    }

    /// `portable`, `avx2`, `sha-ni`, `avx512`, `avx512+sha-ni` or `arm-sha`.
    pub fn name(self) -> &'static str {
        match self.kind {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(_) => "sha-ni",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => avx512.name(),
            #[cfg(target_arch = "aarch64")]
            Kind::ArmSha(_) => "arm-sha",
        }
    }

    /// As [`lanes()`](crate::lanes()).
    pub fn lanes(self) -> Lanes {
        self.lanes
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
        pause: impl FnMut() -> ControlFlow<()>,
    ) -> Option<Vec<Key>> {
        match self.kind {
            Kind::Portable => portable::derive(inputs, pause),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(avx2) => schedule::derive(inputs, avx2, self.lanes, pause),
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(sha_ni) => schedule::derive(inputs, sha_ni, self.lanes, pause),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(avx512) => schedule::derive(inputs, avx512, self.lanes, pause),
            #[cfg(target_arch = "aarch64")]
            Kind::ArmSha(arm_sha) => schedule::derive(inputs, arm_sha, self.lanes, pause),
        }
    }
}
