//! Who people are in a chat tool, so that a message can call them.

use uuid::Uuid;

use crate::domain::{chat::ChatTool, checked::FieldError};

/// Most people of one notifier.
pub const MEMBERS: usize = 500;

/// The most characters of an id.
const LONGEST: usize = 64;

/// Words that tools read as everybody.
const EVERYBODY: [&str; 6] = ["all", "everyone", "here", "channel", "isatall", "all_user"];

/// An account, and the id that a tool calls it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The account.
    pub account_id: Uuid,
    /// Feishu: `open_id` or `user_id`; DingTalk: userId or mobile number; WeCom: userid; Slack: member id.
    pub user_id: String,
}

/// Whether an id calls one person and nothing else, in whichever tool: letters, digits and a few signs that no tool reads
/// as a sign, and no word for everybody.
pub fn calls_one(user_id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+');
    (1..=LONGEST).contains(&user_id.len())
        && user_id.chars().all(plain)
        && user_id.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '+')
        && !EVERYBODY.contains(&user_id.to_ascii_lowercase().as_str())
}

/// Whether an id is a mobile number of mainland China, which DingTalk calls in a list of its own.
pub fn is_mobile(user_id: &str) -> bool {
    let digits = user_id.strip_prefix("+86-").unwrap_or(user_id);
    digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The tidy id of a person in a tool.
pub fn checked_user_id(tool: ChatTool, user_id: &str) -> Result<String, FieldError> {
    let user_id = user_id.trim();
    let of_slack = || {
        user_id.starts_with(['U', 'W'])
            && user_id.len() >= 5
            && user_id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if calls_one(user_id) && (tool != ChatTool::Slack || of_slack()) {
        return Ok(user_id.to_owned());
    }
    let shown: String = user_id.chars().take(LONGEST).collect();
    Err(FieldError::shape("members", format!("{shown} is no id of a person; write {}", example(tool))))
}

/// What an id looks like in a tool, and where it stands.
pub const fn example(tool: ChatTool) -> &'static str {
    match tool {
        ChatTool::Feishu => "an open_id like ou_84aad35d084aa403a838cf73ee18467 or a user_id",
        ChatTool::DingTalk => "a userId or a mobile number",
        ChatTool::WeCom => "a userid of the address book like zhangsan",
        ChatTool::Slack => "a member id like U012AB3CD",
        ChatTool::Webhook => "letters, digits and _ - . @ +",
    }
}

/// The people of lines like `oncall@example.com ou_84aad35d`: the word that names an account, which may hold blanks, and the
/// last word, its id. Empty lines are skipped; a refusal names the line.
pub fn of_lines(text: &str) -> Result<Vec<(String, String)>, FieldError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let split = line.trim().rsplit_once(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | '='));
            let (name, id) = split.unwrap_or_default();
            let name = name.trim().trim_end_matches([',', '，', '=']).trim_end();
            if name.is_empty() || id.is_empty() {
                let remedy = format!("line {}: write a person and an id: oncall@example.com ou_84aad35d", number + 1);
                return Err(FieldError::shape("members", remedy));
            }
            Ok((name.to_owned(), id.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_id_calls_one_person_and_nobody_else() {
        for (tool, id) in [
            (ChatTool::Feishu, "ou_84aad35d084aa403a838cf73ee18467"),
            (ChatTool::Feishu, "7a9b2c1d"),
            (ChatTool::DingTalk, "13800000000"),
            (ChatTool::DingTalk, "manager4220"),
            (ChatTool::WeCom, "zhang.san@corp"),
            (ChatTool::Slack, "U012AB3CD"),
        ] {
            assert_eq!(checked_user_id(tool, &format!(" {id} ")).unwrap(), id);
        }
        for (tool, id) in [
            (ChatTool::Feishu, "all"),
            (ChatTool::Feishu, "ALL"),
            (ChatTool::WeCom, "@all"),
            (ChatTool::WeCom, "a><@all"),
            (ChatTool::DingTalk, ""),
            (ChatTool::DingTalk, "所有人"),
            (ChatTool::Slack, "channel"),
            (ChatTool::Slack, "S012AB3CD"),
            (ChatTool::Slack, "U012ab"),
            (ChatTool::Webhook, "a b"),
        ] {
            assert!(checked_user_id(tool, id).is_err(), "{tool:?} {id}");
        }
        assert!(checked_user_id(ChatTool::Webhook, &"a".repeat(65)).is_err());
        assert!(is_mobile("13800000000") && is_mobile("+86-13800000000") && !is_mobile("23800000000"));
    }

    #[test]
    fn lines_name_a_person_and_an_id() {
        let read = of_lines("oncall@example.com ou_1\r\n\n 小 李，ou_2\na@example.com = ou_3\n").unwrap();
        let wanted = [("oncall@example.com", "ou_1"), ("小 李", "ou_2"), ("a@example.com", "ou_3")];
        assert_eq!(read, wanted.map(|(name, id)| (name.to_owned(), id.to_owned())));
        assert!(of_lines("a@example.com ou_1\nou_2").unwrap_err().to_string().contains("line 2"));
    }
}
