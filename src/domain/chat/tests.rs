#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn message(lines: usize) -> ChatMessage {
    let line = |i: usize| ChatLine {
        strong: format!("PE-{i}"),
        text: "客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新".to_owned(),
    };
    ChatMessage {
        kind: "postmortem.owed",
        language: Language::Chinese,
        tone: Tone::Violet,
        title: format!("待复盘 {lines} 项"),
        lines: (1..=lines).map(line).collect(),
        links: vec![
            ChatLink { words: "查看".to_owned(), url: "https://fupan.example.com/postmortems".to_owned() },
            ChatLink { words: "周报".to_owned(), url: "https://fupan.example.com/reports".to_owned() },
        ],
        mentions: Vec::new(),
    }
}

fn body(message: &ChatMessage, tool: ChatTool) -> Value {
    serde_json::from_str(&message.rendered(tool, None).body).unwrap()
}

#[test]
fn feishu_gets_a_card_of_schema_2_with_links_for_buttons() {
    let body = body(&message(2), ChatTool::Feishu);
    assert_eq!(body["msg_type"], "interactive");
    assert_eq!(body["card"]["schema"], "2.0");
    assert_eq!(body["card"]["header"]["template"], "violet");
    assert_eq!(body["card"]["header"]["title"]["content"], "待复盘 2 项");
    let elements = body["card"]["body"]["elements"].as_array().unwrap();
    let tags: Vec<&str> = elements.iter().filter_map(|one| one["tag"].as_str()).collect();
    assert_eq!(tags, ["markdown", "hr", "button", "button"]);
    let text = elements[0]["content"].as_str().unwrap();
    assert!(text.starts_with("**PE-1** 客户反馈") && text.contains("\n**PE-2** "), "{text}");
    assert_eq!(elements[2]["behaviors"][0]["default_url"], "https://fupan.example.com/postmortems");
}

#[test]
fn dingtalk_gets_a_card_and_markdown_where_somebody_is_called() {
    let card = body(&message(1), ChatTool::DingTalk);
    assert_eq!(card["msgtype"], "actionCard");
    assert_eq!(card["actionCard"]["btns"][0]["title"], "查看");
    let text = card["actionCard"]["text"].as_str().unwrap();
    assert!(text.starts_with("#### 待复盘 1 项\n\n**PE-1** 客户反馈"), "{text}");
    let calling = ChatMessage { mentions: vec!["u1".to_owned()], ..message(1) };
    let markdown = body(&calling, ChatTool::DingTalk);
    assert_eq!(markdown["msgtype"], "markdown");
    assert_eq!(markdown["at"]["atUserIds"][0], "u1");
    let text = markdown["markdown"]["text"].as_str().unwrap();
    assert!(
        text.ends_with(
            "[查看](https://fupan.example.com/postmortems) · [周报](https://fupan.example.com/reports)\n\n@u1"
        )
    );
}

#[test]
fn the_keyword_of_a_group_stands_in_the_title() {
    let titled = |keyword: &str, tool: ChatTool| -> String {
        message(1).rendered(tool, Some(keyword)).text.lines().next().unwrap().to_owned()
    };
    assert_eq!(titled("复盘台", ChatTool::DingTalk), "复盘台 待复盘 1 项");
    assert_eq!(titled("待复盘", ChatTool::Feishu), "待复盘 1 项");
    assert_eq!(titled("复盘台", ChatTool::WeCom), "待复盘 1 项", "it has none");
}

#[test]
fn wecom_takes_4096_bytes_and_the_rest_is_counted() {
    let rendered = message(60).rendered(ChatTool::WeCom, None);
    assert!(rendered.bytes <= 4_096 && rendered.bytes > 3_900, "{}", rendered.bytes);
    let body: Value = serde_json::from_str(&rendered.body).unwrap();
    let content = body["markdown"]["content"].as_str().unwrap();
    assert_eq!(content.len(), rendered.bytes);
    assert!(content.starts_with("**<font color=\"comment\">待复盘 60 项</font>**\n>**PE-1** 客户反馈"), "{content}");
    let shown = 60 - rendered.left_out;
    assert!(content.contains(&format!(">**PE-{shown}** ")) && !content.contains(&format!("PE-{} ", shown + 1)));
    assert!(content.contains(&format!("\n>另有 {} 条，见链接\n", rendered.left_out)), "{content}");
    let called = ChatMessage { mentions: vec!["zhangsan".to_owned()], ..message(1) };
    let content = self::body(&called, ChatTool::WeCom)["markdown"]["content"].as_str().unwrap().to_owned();
    assert!(content.ends_with("\n<@zhangsan>"), "{content}");
}

#[test]
fn slack_gets_blocks_within_their_numbers_and_lengths() {
    let mut long = message(80);
    long.title = "题".repeat(300);
    long.lines[0].text = "<长>".repeat(2_000);
    let rendered = long.rendered(ChatTool::Slack, None);
    let body: Value = serde_json::from_str(&rendered.body).unwrap();
    let blocks = body["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    assert!(rendered.left_out > 0);
    for block in blocks {
        let most = if block["type"] == "header" { 150 } else { 3_000 };
        assert!(block["text"]["text"].as_str().unwrap_or_default().chars().count() <= most);
    }
}

#[test]
fn what_people_write_calls_nobody_and_makes_no_line_of_its_own() {
    let evil = "<at id=all></at> <!channel> <@all> @所有人 [x](javascript:1) **粗**\r\n#### 假\u{2028}标题";
    let mut bad = message(0);
    bad.title = evil.to_owned();
    bad.lines = vec![ChatLine { strong: evil.to_owned(), text: evil.to_owned() }];
    let feishu = body(&bad, ChatTool::Feishu)["card"]["body"]["elements"][0]["content"].as_str().unwrap().to_owned();
    assert!(!feishu.contains('<') && !feishu.contains("](") && feishu.lines().count() == 1, "{feishu}");
    let wecom = body(&bad, ChatTool::WeCom)["markdown"]["content"].as_str().unwrap().to_owned();
    assert!(!wecom.contains("<@all>") && !wecom.contains("[x]") && wecom.lines().count() == 3, "{wecom}");
    // The head is plain text, which Slack does not read.
    let slack = body(&bad, ChatTool::Slack);
    for read in [&slack["text"], &slack["blocks"][1]["text"]["text"]] {
        let read = read.as_str().unwrap();
        assert!(!read.contains("<!channel>") && !read.contains("<@all>") && read.contains("&lt;@all&gt;"), "{read}");
    }
    assert_eq!(slack["blocks"][0]["text"]["type"], "plain_text");
    let dingtalk = body(&bad, ChatTool::DingTalk)["actionCard"]["text"].as_str().unwrap().to_owned();
    assert!(!dingtalk.contains("[x](") && dingtalk.split("\n\n").count() == 2, "{dingtalk}");
}

#[test]
fn whom_a_message_concerns_is_called_in_the_signs_of_the_tool_and_nobody_else() {
    let id = "ou_84aad35d084aa403a838cf73ee18467";
    let ids = [id, "all", "a><at id=all", "<!channel>", "@all", "13800000000", id, "U012AB3CD"];
    let said = ChatMessage { mentions: ids.map(str::to_owned).to_vec(), ..message(1) };
    let feishu = body(&said, ChatTool::Feishu)["card"]["body"]["elements"][0]["content"].as_str().unwrap().to_owned();
    assert!(
        feishu.ends_with(&format!("\n<at id={id}></at> <at id=13800000000></at> <at id=U012AB3CD></at>")),
        "{feishu}"
    );
    let dingtalk = body(&said, ChatTool::DingTalk);
    assert_eq!(
        dingtalk["at"],
        serde_json::json!({"atUserIds": [id, "U012AB3CD"], "atMobiles": ["13800000000"], "isAtAll": false})
    );
    let text = dingtalk["markdown"]["text"].as_str().unwrap();
    assert!(text.ends_with(&format!("\n\n@{id} @13800000000 @U012AB3CD")), "{text}");
    let wecom = body(&said, ChatTool::WeCom)["markdown"]["content"].as_str().unwrap().to_owned();
    assert!(wecom.ends_with(&format!("\n<@{id}> <@13800000000> <@U012AB3CD>")), "{wecom}");
    let slack = body(&said, ChatTool::Slack);
    assert_eq!(slack["blocks"][2]["text"]["text"], format!("<@{id}> <@13800000000> <@U012AB3CD>"));
    let webhook = body(&said, ChatTool::Webhook);
    assert_eq!(webhook["data"]["mentions"], serde_json::json!([id, "13800000000", "U012AB3CD"]));
}

#[test]
fn many_calls_of_long_ids_leave_room_for_lines() {
    let ids = (0..200).map(|n| format!("{n:064}")).collect();
    let rendered =
        ChatMessage { mentions: ids, title: "题".repeat(300), ..message(60) }.rendered(ChatTool::WeCom, None);
    assert!(rendered.bytes <= rendered.limit && rendered.left_out < 60, "{} {}", rendered.bytes, rendered.left_out);
    assert_eq!(rendered.body.matches("<@").count(), CALLS);
}

#[test]
fn a_pace_lets_a_burst_go_and_holds_the_rest_back() {
    let pace = ChatTool::DingTalk.pace();
    let (mut until, mut sent) = (0, Vec::new());
    for tick in 0..1_200 {
        let now = 1_000_000 + tick * 100;
        if let Ok(next) = pace.take(until, now) {
            until = next;
            sent.push(now);
        }
    }
    for tool in CHAT_TOOLS {
        assert!(tool.pace().take(0, 1_000_000).is_ok(), "{tool:?}");
    }
    assert_eq!(sent.iter().take(8).max(), Some(&1_000_700), "eight go at once");
    let busiest =
        sent.iter().map(|from| sent.iter().filter(|at| (**at - from) >= 0 && (**at - from) < 60_000).count()).max();
    assert!(busiest <= Some(20), "{busiest:?} in a minute");
    let full = (0..8).fold(0, |until, _| pace.take(until, 1_000_000).unwrap());
    assert_eq!(pace.take(full, 1_000_000), Err(1_006_000), "room for the next after six seconds");
}

proptest! {
    #[test]
    fn whatever_is_said_fits_the_tool_and_no_line_is_cut(
        title in ".{0,200}",
        texts in proptest::collection::vec("[\\PC\\n]{0,300}", 0..120),
        calls in proptest::collection::vec("[a-zA-Z0-9_<>@.]{0,70}", 0..40),
        english: bool,
    ) {
        let language = if english { Language::English } else { Language::Chinese };
        let lines: Vec<ChatLine> = texts.iter().map(|text| ChatLine::plain(text.clone())).collect();
        let said = ChatMessage { title, lines: lines.clone(), mentions: calls, language, ..message(0) };
        for tool in CHAT_TOOLS {
            let rendered = said.rendered(tool, Some("复盘"));
            prop_assert!(rendered.bytes <= rendered.limit, "{tool:?} {}", rendered.bytes);
            prop_assert!(serde_json::from_str::<Value>(&rendered.body).is_ok());
            let shown = lines.len() - rendered.left_out;
            let told = if rendered.left_out == 0 { None } else { Some(more(rendered.left_out, language)) };
            let wanted: Vec<String> =
                lines.iter().take(shown).map(|line| joined(&cleaned(line))).chain(told).collect();
            let text: Vec<&str> = rendered.text.split('\n').skip(1).take(wanted.len()).collect();
            prop_assert_eq!(text, wanted);
        }
    }
}
