//! Hashes that Werkzeug 3.1.9 and Django 5.2.19 made.

/// The password of all hashes but the decomposed ones.
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// `generate_password_hash(password)`: Werkzeug's default.
pub(super) const SCRYPT: &str = "scrypt:32768:8:1$5gjlE7PWxEmodjxW$045e82ef19775529a0dd48a0fb664837878305294785163d0c34678fcc74fc8008a5d798e4f162f0e57a23a64f5c553b4a18d09223a5745eabbed82fa9e77b46";

/// `generate_password_hash(password, "scrypt:1024:4:3")`
pub(super) const SMALL_SCRYPT: &str = "scrypt:1024:4:3$qBPB7Mt0z41FvwGE$24254ab6474225920fae89593fe333733c994e84b807a02450c4d2647082ae9103a7a578a606345b2f8a128b5eb776dd32c537b3b8ad3977c4e1a86153852304";

/// `generate_password_hash(password, "pbkdf2:sha1:1000", salt_length=8)`
pub(super) const SHA1: &str = "pbkdf2:sha1:1000$WDdeLlvU$28362305ec1b8e58c984a6416d6f69e965304496";

/// `generate_password_hash(password, "pbkdf2:sha256:1000")`
pub(super) const SHA256: &str = "pbkdf2:sha256:1000$RVgQbmlGxo204JD1$1690014195c73601cdc772b46afcec27f10258f06e67be7533350183103ab095";

/// `generate_password_hash(password, "pbkdf2:sha512:1000")`
pub(super) const SHA512: &str = "pbkdf2:sha512:1000$O2Xq8N0yRO2sIaC3$5095d26a695fe84ca8a15b785e32f6bb7af072d770a0c85609f64e87322a0b646fdb7ba48b463fe8535b6fc68d9de6bca8522e5b74a635fa7f887dae6e2e0160";

/// `PBKDF2PasswordHasher().encode(password, PBKDF2PasswordHasher().salt(), 1000)`
pub(super) const DJANGO: &str =
    "pbkdf2_sha256$1000$cdj4FbvUcxHj7Fs51eSA9w$71CU583QaJVBNHdr3QJ0A4nzvp1FjBm4s0sfQEKpvjQ=";

pub(super) const OF_PASSWORD: [&str; 6] = [SCRYPT, SMALL_SCRYPT, SHA1, SHA256, SHA512, DJANGO];

/// An e followed by a combining accent, which OpaqueString composes.
pub(super) const DECOMPOSED: &str = "cafe\u{301} au lait with oat milk";

/// Hashes of it, made like [`SHA256`] and [`DJANGO`].
pub(super) const OF_DECOMPOSED: [&str; 2] = [
    "pbkdf2:sha256:1000$FjsMNpjitPIkBXFZ$41f1118dc594be655682c4e0f294b4f2e1eb872a91309bd4a2374a53d6f19441",
    "pbkdf2_sha256$1000$AECN9xcy7qxp2Q7svMVXia$twq7u9Mqyf0xwQzWOYnD1Sio86oA/TiNu8LVFotyxVk=",
];
