//! The paths of the frontend's pages. The server answers 200 for these and 404 for unknown paths.

/// The start page.
pub const HOME: &str = "/";
/// Sign in.
pub const LOGIN: &str = "/login";
/// Create an account.
pub const REGISTER: &str = "/register";
/// The content that only people who are signed in may see.
pub const PROTECTED: &str = "/protected";
/// The caller's own account.
pub const ACCOUNT: &str = "/account";
/// All users, for admins.
pub const ADMIN: &str = "/admin";
/// Where a reset link leads; its token follows as the fragment.
pub const RESET_PASSWORD: &str = "/reset-password";

/// Every page.
pub const ALL: [&str; 7] = [HOME, LOGIN, REGISTER, PROTECTED, ACCOUNT, ADMIN, RESET_PASSWORD];
