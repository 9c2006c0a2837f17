//! Any Markdown becomes HTML in which nothing runs: a few tags, links to http, https and mailto only; time is linear.
#![no_main]

use fupan_fuzz::{domain::markdown, is_linear};
use libfuzzer_sys::fuzz_target;

fn check(page: &str) {
    for tag in page.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or_default().to_lowercase();
        let name: String = inside.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        for bad in ["script", "iframe", "object", "embed", "img", "svg", "math", "style", "form", "input", "base", "meta", "link"] {
            assert_ne!(name, bad, "{page}");
        }
        // Values of attributes are in quotes; what is left are their names.
        let names: String = inside.split('"').step_by(2).collect();
        assert!(!names.split([' ', '/']).any(|name| name.starts_with("on") && name.contains('=')), "{page}");
        let Some((_, link)) = inside.split_once("href=\"") else { continue };
        let link = link.split('"').next().unwrap_or_default();
        let scheme = link.split(['/', '?', '#']).next().unwrap_or_default();
        let known = ["http:", "https:", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
        assert!(known || !scheme.contains(':'), "{link} in {page}");
    }
}

fuzz_target!(|text: &str| {
    check(&markdown::html(text));
    is_linear(text, |long| check(&markdown::html(long)));
});
