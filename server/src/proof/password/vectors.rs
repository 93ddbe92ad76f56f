//! Hashes that Werkzeug 3.1.9 and 2.2.3, Django 5.2.19, passlib 1.7.4, bcrypt 5.0.0 and argon2-cffi
//! 25.1.0 made.

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

/// By the other hashers of Django, with small costs: `pbkdf2_sha1`, `scrypt`, `argon2`, `bcrypt`,
/// `bcrypt_sha256`. The next two are of Werkzeug 2.2.3: `generate_password_hash(password,
/// "sha256")`, and `"sha512"`. The last is Django's `scrypt` once more.
pub(super) const NAMED: [&str; 8] = [
    "pbkdf2_sha1$1000$RYOiUNroJnPnUYaEhmEmQm$q/u/WxDDe3Lj3DORC9SEGhqtoV8=",
    "scrypt$1024$norkjLQFX7BpnGBUvc8XJQ$8$5$O8XL6WyHJ+mCFQ53bdsdW6brF9i8eU0Y/YP9rtfYRh6yL18JCempKB5q74m3garQAJ99VrVxiADrYhNDXpfrFw==",
    "argon2$argon2id$v=19$m=1024,t=1,p=2$UEx2Wkk4Z3g1bmRyNFlDbEI5aTVpQQ$4l0htuATx4KaUvgfrgDQ6Hsgkb+ZlsKuxK3fDtW/YoA",
    "bcrypt$$2b$04$ZK948fvzhtNHvvxi3NwVWe7z7hTgIkDTY5NliWKnmenFM5QByOcq2",
    BCRYPT_SHA256,
    "sha256$aHh6q2JQ4Bn6NgdD$4780f3282dbdfd3babfc102e13bd72b0fa9f89873eda0918b33bc615c500c1f1",
    "sha512$m9rxRD5AGcv0QrtZ$37de7fe81ccd42b3936da34138fd57642292bf91ae62b4fcf9facf4ecf1e5b276f3dcb4d6164a88e0a2a310e10d0da88902b5d86cb89b89e5d7d86cc506301b4",
    "scrypt$1024$vx0Tl3wVdhTwOFfVWc3W02$8$5$5X0cr5M0lgFWt8SQK2ZkKe2WGGnsZ0TImGcnyPy2f1gEr6RhzCuf8AWAGObG5boENIUlTcl9qTg/4kEqRXuung==",
];

pub(super) const BCRYPT_SHA256: &str =
    "bcrypt_sha256$$2b$04$FQUxODJip9..o5PcVhcmD.CB21YFkn5BEFpZlS2gdBMoVhu1qsN2O";

/// `bcrypt.hashpw(password, bcrypt.gensalt(4))`
pub(super) const BCRYPT: &str = "$2b$04$PIEiyzRVV8SC2ELp7WOHfuvVe1qegD8Lobfj39vqMaFtITsT7/O62";

/// `PasswordHasher(1, 256, 1).hash(password)`
pub(super) const ARGON2: &str = "$argon2id$v=19$m=256,t=1,p=1$9k53TZ/+nT76I8poV1BRiw$flxLrNvfEcoJRqya+WEBSnNT9rTpy1q5DxmHbEz+qW4";

/// `pbkdf2_sha256.using(rounds=1000).hash(password)` of passlib.
pub(super) const PASSLIB: &str =
    "$pbkdf2-sha256$1000$qzUmBCDE2NsbY2xNiXHO.Q$MmVjFfVF356JAGouvxX4g7r65E7Bn2.WedIAN77zycI";

/// With a dollar sign in front: bcrypt also as version 2a; argon2-cffi with all types, with 128
/// bits and with version 16; passlib.
pub(super) const MODULAR: [&str; 11] = [
    BCRYPT,
    "$2a$04$FV8NSCxNv3umfqVR9UQs4.Q9XvJ70B0lYahUzfje5sz2eRO96Mnui",
    ARGON2,
    "$argon2d$v=19$m=256,t=1,p=1$RPliVyK1HKm/NpH+Hnp05Q$wlG22S2qw7rH8OF1mIwEbHLWghE00NkDZTZ6GQbM8aM",
    "$argon2i$v=19$m=256,t=1,p=1$NrG8uZ/DJvOdCaOzhnFYdQ$8RWhTuTbd3f8tRXMR399vlB5Gb17EqJ89eZ3e7WPsoo",
    "$argon2id$v=19$m=64,t=2,p=1$87WZ2i0vjIM$75qA/ewz6P80bpUWe5dncQ",
    "$argon2id$v=16$m=256,t=1,p=1$5DxSrprbxcu3zF/OmhRNXw$zr05LuPRpIWvM54oVLb81nRsEArEf2NQVQ1J0/48zj8",
    PASSLIB,
    "$pbkdf2-sha512$1000$KWUsJYSw1ppzjhHi3BuDUA$K.dyEHIvTZPp6ss1yZ4yVlL0UFmP3CyuAZxM/SKf7pvcY.FQYEuxKIfeFbqg4py3ep/1sBDcdYTxD/MoT4dxCA",
    "$pbkdf2$1000$lBLCuFeKkfJ.b41xrrV2zg$/9D8AfPuXU7H208/DLrStol2NOs",
    "$scrypt$ln=8,r=8,p=1$yllrrfW+1/p/rzVGqBViTA$IKAfocNHZ9UnTFqihS2AQ0n2K2m4jewTtYHxWg444Bw",
];

/// An e followed by a combining accent, which OpaqueString composes.
pub(super) const DECOMPOSED: &str = "cafe\u{301} au lait with oat milk";

/// Hashes of it, made like [`SHA256`] and [`DJANGO`].
pub(super) const OF_DECOMPOSED: [&str; 3] = [
    "pbkdf2:sha256:1000$FjsMNpjitPIkBXFZ$41f1118dc594be655682c4e0f294b4f2e1eb872a91309bd4a2374a53d6f19441",
    "pbkdf2_sha256$1000$AECN9xcy7qxp2Q7svMVXia$twq7u9Mqyf0xwQzWOYnD1Sio86oA/TiNu8LVFotyxVk=",
    "$2b$04$pvUW8QLfBVhM.ubwXy3CkuwmvB.q4DzYEjWW6mLF/iuWhWGCkF6MW",
];
