//! Which browser it is, in words that people know theirs by.

/// What a `User-Agent` says, in a few words: `Chrome · Windows`. Only names of a list come out, never what was sent.
pub fn words(agent: &str) -> &'static str {
    const UNKNOWN: &str = "?";
    // The order matters: Edge and Opera call themselves Chrome too, and all of them Safari.
    const BROWSERS: [(&str, usize); 12] = [
        ("Edg", 0),
        ("OPR/", 1),
        ("Feishu", 2),
        ("Lark", 2),
        ("DingTalk", 3),
        ("wxwork", 4),
        ("MicroMessenger", 5),
        ("Firefox/", 6),
        ("Chrome/", 7),
        ("CriOS/", 7),
        ("Safari/", 8),
        ("curl/", 9),
    ];
    const SYSTEMS: [(&str, usize); 7] =
        [("Android", 0), ("iPhone", 1), ("iPad", 1), ("Windows", 2), ("Mac OS", 3), ("CrOS", 4), ("Linux", 4)];
    /// A row per browser, a column per system and a last one for the others.
    const WORDS: [[&str; 6]; 10] = [
        ["Edge · Android", "Edge · iOS", "Edge · Windows", "Edge · macOS", "Edge · Linux", "Edge"],
        ["Opera · Android", "Opera · iOS", "Opera · Windows", "Opera · macOS", "Opera · Linux", "Opera"],
        ["飞书 · Android", "飞书 · iOS", "飞书 · Windows", "飞书 · macOS", "飞书 · Linux", "飞书"],
        ["钉钉 · Android", "钉钉 · iOS", "钉钉 · Windows", "钉钉 · macOS", "钉钉 · Linux", "钉钉"],
        [
            "企业微信 · Android",
            "企业微信 · iOS",
            "企业微信 · Windows",
            "企业微信 · macOS",
            "企业微信 · Linux",
            "企业微信",
        ],
        ["微信 · Android", "微信 · iOS", "微信 · Windows", "微信 · macOS", "微信 · Linux", "微信"],
        ["Firefox · Android", "Firefox · iOS", "Firefox · Windows", "Firefox · macOS", "Firefox · Linux", "Firefox"],
        ["Chrome · Android", "Chrome · iOS", "Chrome · Windows", "Chrome · macOS", "Chrome · Linux", "Chrome"],
        ["Safari · Android", "Safari · iOS", "Safari · Windows", "Safari · macOS", "Safari · Linux", "Safari"],
        ["curl", "curl", "curl", "curl", "curl", "curl"],
    ];
    let find = |list: &[(&str, usize)]| list.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, at)| *at);
    let Some(browser) = find(&BROWSERS) else { return UNKNOWN };
    let system = find(&SYSTEMS).unwrap_or(5);
    WORDS.get(browser).and_then(|row| row.get(system)).copied().unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_and_what_it_sent_is_not_repeated() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0";
        assert_eq!(words(edge), "Edge · Windows");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
        assert_eq!(words(phone), "Safari · iOS");
        assert_eq!(words("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"), "Firefox · Linux");
        assert_eq!(
            words("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"),
            "Chrome · Android"
        );
        assert_eq!(words("<script>alert(1)</script>"), "?");
        assert_eq!(words(""), "?");
    }
}
