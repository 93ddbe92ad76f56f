//! Which clicks on links the application answers itself.

use crate::route::Route;

/// What the shell knows about a click on a link.
#[derive(Clone, Debug, Default)]
pub struct LinkClick {
    /// The link's resolved origin.
    pub origin: String,
    /// The link's resolved path, query and fragment.
    pub target: String,
    /// The primary button, and no key that asks the browser for another tab, window or download.
    pub plain: bool,
    /// The link names a browsing context or a download of its own.
    pub elsewhere: bool,
}

/// The path to navigate to without loading a page, or none where the browser should follow the
/// link itself: other origins, other tabs, fragments of this page, and paths that are the server's.
pub fn internal_target<'a>(click: &'a LinkClick, own_origin: &str, base: &str) -> Option<&'a str> {
    let ours = click.plain
        && !click.elsewhere
        && click.origin == own_origin
        && !click.target.contains('#')
        && Route::parse(base, &click.target) != Route::NotFound;
    ours.then_some(click.target.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn click(target: &str) -> LinkClick {
        LinkClick {
            origin: "http://127.0.0.1:8080".into(),
            target: target.into(),
            plain: true,
            elsewhere: false,
        }
    }

    #[test]
    fn a_plain_click_on_a_page_of_ours_loads_no_page() {
        let login = click("/login?next=%2F");
        let own = "http://127.0.0.1:8080";
        assert_eq!(internal_target(&login, own, ""), Some("/login?next=%2F"));
        assert_eq!(internal_target(&login, own, "/auth"), None, "a neighbour's");
        assert_eq!(internal_target(&click("/auth/login"), own, "/auth"), Some("/auth/login"));
    }

    #[test]
    fn the_browser_follows_every_other_link_itself() {
        let own = "http://127.0.0.1:8080";
        let others = [
            click("/docs"),
            click("/#main"),
            LinkClick { plain: false, ..click("/login") },
            LinkClick { elsewhere: true, ..click("/login") },
            LinkClick { origin: "http://127.0.0.1:8081".into(), ..click("/login") },
        ];
        for other in others {
            assert_eq!(internal_target(&other, own, ""), None, "{other:?}");
        }
    }
}
