//! Finding events: the search is right on every database, filters, saved views, one change to many events.

use fupan::{
    domain::{actor::Role, search_pieces::fold},
    service::search,
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{NOW, client};

struct Caller {
    client: Client,
    token: String,
    events: String,
}

impl Caller {
    async fn new(service: &Service, role: Role) -> Self {
        let token = service.token(role).await;
        Self { client: client(), token, events: format!("{}/api/v1/events", service.url) }
    }

    async fn add(&self, body: Value) -> Value {
        let answer = self.client.post(&self.events).bearer_auth(&self.token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{body}");
        answer.json().await.unwrap()
    }

    async fn get(&self, query: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.client.get(&self.events).bearer_auth(&self.token).query(query).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// Numbers of all events of a query, page by page, in their order.
    async fn all(&self, query: &str, order: &str) -> Vec<i64> {
        let mut numbers = Vec::new();
        let mut cursor = String::new();
        loop {
            let (status, page) = self.get(&[("q", query), ("order", order), ("limit", "7"), ("cursor", &cursor)]).await;
            assert_eq!(status, StatusCode::OK, "{query}: {page}");
            numbers.extend(page["data"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return numbers,
            }
        }
    }

    async fn found(&self, query: &str) -> Vec<i64> {
        let mut numbers = self.all(query, "relevance").await;
        numbers.sort_unstable();
        numbers
    }
}

/// A small generator: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_has_the_words_is_found_and_no_other() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Reporter).await;
    let mut texts: Vec<(i64, String)> = Vec::new();
    for file in ["lines/lines.jsonl", "own/lines/lines.jsonl"] {
        let path = format!("{}/tests/corpus/{file}", env!("CARGO_MANIFEST_DIR"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let made = caller.add(json!({"line": line["line"]})).await;
            texts.push((made["number"].as_i64().unwrap(), text_of(&made)));
        }
    }
    for odd in [
        "ＡＰＩ网关 T+0 出金",
        "B2C 与 b2b，𠮷野家 😀",
        "a AND b OR c NEAR* ^x : ( ) \" '",
        "50% _x_ \\n",
        "ﬁnal ΣΑΣ İx",
        "x",
    ] {
        let made = caller.add(json!({"narrative": odd})).await;
        texts.push((made["number"].as_i64().unwrap(), text_of(&made)));
    }
    let scan = |word: &str| -> Vec<i64> {
        let word = fold(word);
        texts
            .iter()
            .filter(|(_, text)| text.lines().any(|line| line.contains(&word)))
            .map(|(number, _)| *number)
            .collect()
    };
    let mut words: Vec<String> = [
        "提现",
        "提",
        "失败",
        "684",
        "T+0",
        "B2C",
        "API",
        "api",
        "504",
        "响应504",
        "𠮷",
        "😀",
        "%",
        "_",
        "*",
        "^",
        "(",
        "\\",
        "σας",
        "nowhere",
        "风控规则更新",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut dice = Dice(7);
    for _ in 0..250 {
        let (_, text) = &texts[dice.below(texts.len())];
        let letters: Vec<char> = text.chars().collect();
        let start = dice.below(letters.len());
        let word: String = letters[start..].iter().take(1 + dice.below(9)).collect();
        let word = word.split(['\n', '"', '“', '”']).next().unwrap_or_default().trim().to_owned();
        if !word.is_empty() {
            words.push(word);
        }
    }
    for word in &words {
        let wanted = scan(word);
        assert_eq!(caller.found(&format!("\"{word}\"")).await, wanted, "“{word}”");
        // Without quotation marks it is the same, unless it reads as something else.
        if !word.contains([' ', ':', '：', '-']) {
            assert_eq!(caller.found(word).await, wanted, "{word}");
        }
    }
    for pair in words.windows(2).step_by(5) {
        let [one, other] = pair else { continue };
        let both: Vec<i64> = scan(one).into_iter().filter(|number| scan(other).contains(number)).collect();
        assert_eq!(caller.found(&format!("\"{one}\" \"{other}\"")).await, both, "“{one}” and “{other}”");
        let alone: Vec<i64> = scan(one).into_iter().filter(|number| !scan(other).contains(number)).collect();
        assert_eq!(caller.found(&format!("\"{one}\" -\"{other}\"")).await, alone, "“{one}” without “{other}”");
        let without: Vec<i64> =
            texts.iter().map(|(number, _)| *number).filter(|number| !scan(other).contains(number)).collect();
        assert_eq!(caller.found(&format!("-\"{other}\"")).await, without, "without “{other}”");
    }
}

/// The words of an event that was just made, as the search folds them, one text a line.
fn text_of(made: &Value) -> String {
    ["label", "narrative", "summary", "impact", "cause", "recovery", "raw"]
        .iter()
        .filter_map(|field| made[field].as_str())
        .map(fold)
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn words_in_the_title_come_first_then_the_latest() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Reporter).await;
    for (day, summary, cause) in
        [(1, "提现失败", "限流"), (2, "扫码超时", "提现队列积压"), (3, "提现变慢", "扩容"), (4, "登录失败", "提现依赖")]
    {
        let at = format!("2024-08-0{day}T10:00:00+08:00");
        caller.add(json!({"narrative": format!("{summary}，原因{cause}"), "summary": summary, "cause": cause, "occurred_at": at})).await;
    }
    caller.add(json!({"narrative": "没有时间的提现", "summary": "没有时间的提现"})).await;
    assert_eq!(caller.all("提现", "relevance").await, [3, 1, 5, 4, 2]);
    assert_eq!(caller.all("提现", "newest").await, [4, 3, 2, 1, 5]);
    assert_eq!(caller.all("提现", "oldest").await, [5, 1, 2, 3, 4]);
    // Both words in the title before one of them.
    assert_eq!(caller.all("提现 失败", "relevance").await, [1, 4]);
    // A number goes to its event, and then to where its digits stand.
    for _ in 0..8 {
        caller.add(json!({"narrative": "另一起"})).await;
    }
    assert_eq!(caller.all("PE-1", "relevance").await, [1, 13, 12, 11, 10]);
    assert_eq!(caller.all("pe-13", "relevance").await, [13]);
    assert_eq!(caller.all("", "newest").await.len(), 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_found_at_once_and_what_is_gone_is_not() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Lead).await;
    let made = caller.add(json!({"narrative": "客户反馈提现失败", "occurred_at": "2024-08-01T10:00:00+08:00"})).await;
    caller.add(json!({"narrative": "扫码支付超时", "occurred_at": "2024-08-02T10:00:00+08:00"})).await;
    let event = format!("{}/1", caller.events);
    let patch = json!({"narrative": "客户反馈充值失败", "occurred_at": "2024-08-03T10:00:00+08:00"});
    let request = caller.client.patch(&event).bearer_auth(&caller.token).header("If-Match", "\"1\"").json(&patch);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{made}");
    assert_eq!(caller.found("提现").await, [] as [i64; 0]);
    assert_eq!(caller.found("充值").await, [1]);
    assert_eq!(caller.all("", "newest").await, [1, 2], "the event moved in the list");
    let line = json!({"text": "03:12 切换备用渠道"});
    let timeline = format!("{event}/timeline");
    let answer = caller.client.post(&timeline).bearer_auth(&caller.token).json(&line).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
    assert_eq!(caller.found("备用渠道").await, [1]);
    assert_eq!(caller.found("has:timeline").await, [1]);
    let gone =
        caller.client.delete(&event).bearer_auth(&caller.token).header("If-Match", "\"2\"").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(caller.found("充值").await, [] as [i64; 0]);
    assert_eq!(caller.found("备用").await, [] as [i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_there_before_the_index_are_indexed_part_by_part() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Reporter).await;
    for number in 1..=5 {
        caller.add(json!({"narrative": format!("第{number}起提现失败")})).await;
    }
    let tx = service.app.store.begin().await.unwrap();
    let ids: Vec<_> = fupan::store::events::of_week(tx.conn(), "2024-W34".parse().unwrap())
        .await
        .unwrap()
        .iter()
        .map(|event| event.id)
        .collect();
    fupan::store::search::remove(&tx, &ids).await.unwrap();
    // A part of two events, then the database of a program that was stopped.
    let next = fupan::store::search::reindex_part(&tx, 0, 2).await.unwrap();
    assert!(next.is_some());
    fupan::store::search::set_progress(&tx, next).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(caller.found("提现").await, [1, 2]);
    assert_eq!(search::index_old(&service.app, 10).await.unwrap(), 1);
    assert_eq!(caller.found("提现").await, [1, 2, 3, 4, 5]);
    assert_eq!(search::index_old(&service.app, 10).await.unwrap(), 0, "there is nothing left to do");
    let operator = fupan::domain::actor::Actor::local_operator();
    search::index_all(&service.app, &operator).await.unwrap();
    assert_eq!(caller.found("提现").await, [1, 2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_narrows_and_all_of_them_together() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Lead).await;
    for (day, severity, cause) in [
        (1, Some("A"), Some("change")),
        (2, Some("C"), None),
        (3, None, Some("capacity")),
        (20, Some("C"), Some("change")),
    ] {
        let at = format!("2024-08-{day:02}T10:00:00+08:00");
        let mut body = json!({"narrative": format!("八月{day}日提现失败"), "occurred_at": at, "severity": severity, "cause_category": cause, "postmortem": if day == 2 { "done" } else { "pending" }});
        if day != 20 {
            body["recovered_at"] = json!(format!("2024-08-{day:02}T11:00:00+08:00"));
        }
        caller.add(body).await;
    }
    let tags =
        |number: i64, version: i64, set: Value| json!({"events": [{"number": number, "version": version}], "set": set});
    for body in [
        tags(1, 1, json!({"add_tags": ["大促"]})),
        tags(3, 1, json!({"add_tags": ["大促", "夜间 变更"], "kind": "drill"})),
    ] {
        let answer =
            caller.client.post(format!("{}:bulk", caller.events)).bearer_auth(&caller.token).json(&body).send();
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
    }
    let none: [i64; 0] = [];
    for (query, wanted) in [
        ("severity:A", vec![1]),
        ("severity:C|未定级", vec![2, 3, 4]),
        ("等级:无", vec![3]),
        ("-severity:C", vec![1, 3]),
        ("-severity:无", vec![1, 2, 4]),
        // A drill owes nothing.
        ("state:owed", vec![1, 4]),
        ("状态：已复盘", vec![2]),
        ("-state:owed", vec![2, 3]),
        ("overdue:yes", vec![1]),
        ("overdue:no", vec![2, 3, 4]),
        ("ongoing:yes", vec![4]),
        ("ongoing:no", vec![1, 2, 3]),
        ("cause:变更", vec![1, 4]),
        ("cause:none", vec![2]),
        ("-cause:change", vec![2, 3]),
        ("kind:drill", vec![3]),
        ("类型:生产", vec![1, 2, 4]),
        ("tag:大促", vec![1, 3]),
        ("tag:\"夜间 变更\"", vec![3]),
        ("-tag:大促", vec![2, 4]),
        ("has:tags", vec![1, 3]),
        ("-has:标签", vec![2, 4]),
        ("has:actions|links|services|team|loss|change", none.to_vec()),
        ("夜间", vec![3]),
        ("from:2024-08-02 to:2024-08-03", vec![2, 3]),
        ("to:2024-08-01", vec![1]),
        ("-from:2024-08-02", vec![1]),
        ("from:7d", vec![4]),
        ("week:2024-W31", vec![1, 2, 3]),
        ("week:this", vec![4]),
        ("week:2024-W30..2024-W34", vec![1, 2, 3, 4]),
        ("number:2..3", vec![2, 3]),
        ("number:PE-4", vec![4]),
        ("number:3..", vec![3, 4]),
        ("owner:none", vec![1, 2, 3, 4]),
        ("owner:me", none.to_vec()),
        ("owner:lead", none.to_vec()),
        ("team:none detection:none", vec![1, 2, 3, 4]),
        ("提现 失败 severity:C|A cause:change from:2024-08-01 week:2024-W31 tag:大促 -kind:drill", vec![1]),
        ("-三日 八月 severity:C state:owed", vec![4]),
    ] {
        assert_eq!(caller.found(query).await, wanted, "{query}");
    }
    // The older parameters say the same.
    for (query, count) in [
        (vec![("severity", "-")], 1),
        (vec![("state", "pending,done"), ("q", "失败")], 4),
        (vec![("week", "2024-W31"), ("ongoing", "false")], 3),
        (vec![("ongoing", "true"), ("severity", "c")], 1),
    ] {
        assert_eq!(caller.get(&query).await.1["data"].as_array().unwrap().len(), count, "{query:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_several_values_are_paged_in_one_order_without_gaps() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Lead).await;
    let mut events = Vec::new();
    for number in 1..=40 {
        let at = format!("2024-08-{:02}T{:02}:00:00+08:00", 1 + number * 7 % 19, number % 24);
        let (state, severity) = (["pending", "done", "undecided"][number % 3], ["A", "B", "C"][number % 3]);
        caller.add(json!({"narrative": "提现", "severity": severity, "occurred_at": at, "postmortem": state})).await;
        events.push(json!({"number": number, "version": 1}));
    }
    let body = json!({"events": events[..25], "set": {"add_tags": ["一", "二"]}});
    let answer = caller.client.post(format!("{}:bulk", caller.events)).bearer_auth(&caller.token).json(&body).send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!(answer["done"], 25, "{answer}");
    for order in ["newest", "oldest", "relevance"] {
        let all = caller.all("", order).await;
        assert_eq!(all.len(), 40);
        for query in
            ["severity:A|B", "state:pending|done", "tag:一|二", "提现 severity:A,C", "severity:A|B|未定级 tag:二"]
        {
            let found = caller.all(query, order).await;
            let kept: Vec<i64> = all.iter().copied().filter(|number| found.contains(number)).collect();
            assert_eq!(found, kept, "{query} {order}: in the order of the whole list, each once");
            assert!(found.len() > 10, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_query_is_refused_with_its_place_and_nothing_breaks() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Reporter).await;
    caller.add(json!({"narrative": "提现失败 a AND b"})).await;
    for (query, place) in [
        ("提现 \"没有关", "at character 4"),
        ("提现 sevrity:C", "at character 4"),
        ("severity:", "severity: has no value"),
        ("from:2024-13-01", "2024-08-01"),
        ("week:2024-W60", "2024-W34"),
        ("service:没有这个", "there is no “没有这个”"),
        ("team:没有这个", "there is no “没有这个”"),
        ("owner:没有这个", "there is no “没有这个”"),
        ("number:x", "22..30"),
        ("has:wings", "open-actions"),
        ("detection:psychic", "monitoring"),
    ] {
        let (status, problem) = caller.get(&[("q", query)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(problem["errors"][0]["field"], "q", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(place), "{query}: {problem}");
    }
    let chinese =
        caller.client.get(&caller.events).query(&[("q", "提现 sevrity:C")]).header("Accept-Language", "zh-CN");
    let chinese: Value = chinese.bearer_auth(&caller.token).send().await.unwrap().json().await.unwrap();
    assert!(chinese["detail"].as_str().unwrap().contains("第 4 个字符：没有筛选项“sevrity”"), "{chinese}");
    for hostile in [
        "a AND b OR NOT NEAR(x)",
        "* ^ ( ) { } + - ~ < > @ % _ \\ ' ; --",
        "'; DROP TABLE event; --",
        "\" OR 1=1 --\"",
        "\u{0}提现\u{0}",
        "\u{202e}\u{200b}\u{feff}",
        "()))))((((",
        "\"\"",
        "----",
        "a\u{301}\u{301}\u{301}",
    ] {
        let (status, page) = caller.get(&[("q", hostile)]).await;
        assert_eq!(status, StatusCode::OK, "{hostile:?}: {page}");
    }
    assert_eq!(caller.found("a AND b").await, [1], "operators are words");
    assert_eq!(caller.found("\u{0}提现").await, [1]);
    for (query, most) in [
        ("tag:x ".repeat(10_000), 422),
        ("长".repeat(300_000), 422),
        ("x".repeat(1_000), 200),
        ("字".repeat(1_000), 200),
    ] {
        let answer =
            caller.client.get(&caller.events).bearer_auth(&caller.token).query(&[("q", query.as_str())]).send().await;
        // A server may also hang up on a head of a megabyte.
        if let Ok(answer) = answer {
            let status = answer.status().as_u16();
            assert!(
                status == most || status == 414 || status == 431 || status == 400,
                "{} characters: {status}",
                query.len()
            );
        }
    }
    for cursor in ["x", "2.5", "0.-1", "9.9", "0.99999999999999999999", "0", "0.1.2", "' OR 1"] {
        let (status, _) = caller.get(&[("q", "提现"), ("cursor", cursor)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{cursor}");
    }
    let (status, _) = caller.get(&[("order", "sideways")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(caller.found("提现").await, [1], "everything is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_saved_shared_by_leads_and_seen_by_those_who_may() {
    let service = Service::start(NOW).await;
    let reporter = Caller::new(&service, Role::Reporter).await;
    let lead = Caller::new(&service, Role::Lead).await;
    let views = format!("{}/api/v1/views", service.url);
    reporter.add(json!({"narrative": "提现失败", "severity": "C"})).await;
    reporter.add(json!({"narrative": "扫码失败", "severity": "C"})).await;
    let post = |caller: &Caller, body: Value| caller.client.post(&views).bearer_auth(&caller.token).json(&body).send();
    let own =
        post(&reporter, json!({"name": "我的提现", "query": "提现 severity:C", "order": "newest"})).await.unwrap();
    assert_eq!(own.status(), StatusCode::CREATED);
    let own: Value = own.json().await.unwrap();
    assert_eq!((own["own"].as_bool(), own["shared"].as_bool()), (Some(true), Some(false)));
    let id = own["id"].as_str().unwrap();
    let (_, page) = reporter.get(&[("view", id)]).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    let (_, page) = reporter.get(&[("view", id), ("q", "扫码")]).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 0, "words narrow a view");
    for (body, status) in [
        (json!({"name": "x", "shared": true}), StatusCode::FORBIDDEN),
        (json!({"name": "", "query": "提现"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "x", "query": "sevrity:C"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "x", "order": "sideways"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "名".repeat(61)}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(post(&reporter, body.clone()).await.unwrap().status(), status, "{body}");
    }
    let shared: Value = post(&lead, json!({"name": "待复盘", "query": "state:owed", "shared": true}))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let names = |list: Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|view| view["name"].as_str().unwrap().to_owned()).collect()
    };
    let list = |caller: &Caller| caller.client.get(&views).bearer_auth(&caller.token).send();
    assert_eq!(names(list(&reporter).await.unwrap().json().await.unwrap()).len(), 2);
    assert_eq!(names(list(&lead).await.unwrap().json().await.unwrap()), ["待复盘"]);
    let one = format!("{views}/{}", shared["id"].as_str().unwrap());
    let patch = |caller: &Caller, version: &str| {
        caller
            .client
            .patch(&one)
            .bearer_auth(&caller.token)
            .header("If-Match", version.to_owned())
            .json(&json!({"name": "未完成"}))
            .send()
    };
    assert_eq!(patch(&reporter, "\"1\"").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(patch(&lead, "\"1\"").await.unwrap().status(), StatusCode::OK);
    assert_eq!(patch(&lead, "\"1\"").await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    let others = lead.client.get(format!("{views}/{id}")).bearer_auth(&lead.token).send().await.unwrap();
    assert_eq!(others.status(), StatusCode::NOT_FOUND, "somebody's own view is nobody else's");
    let gone = lead.client.delete(&one).bearer_auth(&lead.token).header("If-Match", "\"2\"").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_to_many_events_does_what_can_be_done_and_says_the_rest() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Lead).await;
    for number in 1..=4 {
        caller.add(json!({"narrative": format!("第{number}起"), "postmortem": "pending"})).await;
    }
    let bulk = format!("{}:bulk", caller.events);
    let post = |body: Value| caller.client.post(&bulk).bearer_auth(&caller.token).json(&body).send();
    let events = json!([{"number": 1, "version": 1}, {"number": 2, "version": 7}, {"number": 99, "version": 1}, {"number": 4, "version": 1}]);
    let answer =
        post(json!({"events": events, "set": {"add_tags": ["#大促"], "kind": "drill", "owner": "me"}})).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    let outcomes: Vec<&str> =
        answer["results"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["done", "stale", "refused", "done"], "{answer}");
    assert_eq!(answer["done"], 2);
    assert_eq!(answer["results"][0]["version"], 2);
    assert!(answer["results"][1]["detail"].as_str().unwrap().contains("you have version 7"), "{answer}");
    assert_eq!(caller.found("tag:大促 kind:drill owner:me").await, [1, 4]);
    assert_eq!(caller.found("owner:none").await, [2, 3]);
    let again = post(json!({"events": [{"number": 1, "version": 2}], "set": {"add_tags": ["大促"]}})).await.unwrap();
    let again: Value = again.json().await.unwrap();
    assert_eq!(again["results"][0]["outcome"], "unchanged", "{again}");
    let off = post(json!({"events": [{"number": 1, "version": 2}], "set": {"remove_tags": ["大促"], "owner": "none"}}));
    assert_eq!(off.await.unwrap().json::<Value>().await.unwrap()["done"], 1);
    assert_eq!(caller.found("tag:大促").await, [4]);
    let many: Vec<Value> = (1..=201).map(|number| json!({"number": number, "version": 1})).collect();
    for body in [
        json!({"events": [], "set": {"kind": "drill"}}),
        json!({"events": many, "set": {"kind": "drill"}}),
        json!({"events": [{"number": 1, "version": 1}], "set": {}}),
        json!({"events": [{"number": 1, "version": 1}, {"number": 1, "version": 1}], "set": {"kind": "drill"}}),
        json!({"events": [{"number": 1, "version": 1}], "set": {"kind": "party"}}),
        json!({"events": [{"number": 1, "version": 1}], "set": {"add_services": ["没有"]}}),
        json!({"events": [{"number": 1, "version": 1}], "set": {"nope": 1}}),
        json!({"events": [{"number": -1, "version": 1}], "set": {"kind": "drill"}}),
    ] {
        let status = post(body.clone()).await.unwrap().status();
        assert!(status == 422 || status == 400, "{body}: {status}");
    }
    let long =
        post(json!({"events": [{"number": 3, "version": 1}], "set": {"add_tags": ["长".repeat(65)]}})).await.unwrap();
    let long: Value = long.json().await.unwrap();
    assert_eq!(long["results"][0]["outcome"], "refused", "{long}");
    let audit = service.app.store.read();
    let entries = fupan::store::audit::of_subject(audit, "event:1", 10).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "event.bulk").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn similar_events_are_those_with_like_words() {
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Reporter).await;
    for (day, narrative) in [
        (1, "客户反馈商户操作提现失败"),
        (2, "扫码支付超时率上升"),
        (3, "商户提现失败，页面报错"),
        (4, "对账文件延迟到达"),
    ] {
        caller.add(json!({"narrative": narrative, "occurred_at": format!("2024-08-0{day}T10:00:00+08:00")})).await;
    }
    caller.add(json!({"narrative": "客户反馈商户提现失败"})).await;
    let answer =
        caller.client.get(format!("{}/5/similar", caller.events)).bearer_auth(&caller.token).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let numbers: Vec<i64> =
        answer["data"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [1, 3], "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_before_the_search_is_listed_and_searched_after_the_upgrade() {
    use migration::{Migrator, MigratorTrait as _};
    use sea_orm::{ConnectionTrait as _, Database, sea_query::Query};

    let database = support::TestDatabase::empty().await;
    let url =
        if database.url.starts_with("sqlite") { format!("{}?mode=rwc", database.url) } else { database.url.clone() };
    let old = Database::connect(url).await.unwrap();
    Migrator::up(&old, Some(9)).await.unwrap();
    for (number, day) in [(1_i64, Some(3_i64)), (2, None), (3, Some(5)), (4, Some(4))] {
        let id = uuid::Uuid::from_u128(u128::from(number.unsigned_abs()));
        let mut event = Query::insert();
        let occurred = day.map(|day| 1_722_441_600_000 + day * 86_400_000);
        event.into_table("event").columns([
            "id",
            "number",
            "version",
            "occurred_day",
            "recovered_day",
            "report_week",
            "narrative",
            "narrative_generated",
            "source",
            "position",
            "search_text",
            "created_at",
            "updated_at",
            "occurred_at",
        ]);
        event.values_panic([
            id.into(),
            number.into(),
            1_i64.into(),
            false.into(),
            false.into(),
            "2024-W31".into(),
            format!("第{number}起提现失败").into(),
            false.into(),
            "api".into(),
            number.into(),
            "".into(),
            0_i64.into(),
            0_i64.into(),
            occurred.into(),
        ]);
        old.execute(&event).await.unwrap();
        let mut owed = Query::insert();
        owed.into_table("postmortem").columns(["event_id", "version", "state", "due_fixed", "changed_at"]);
        owed.values_panic([id.into(), 1_i64.into(), "pending".into(), false.into(), 0_i64.into()]);
        old.execute(&owed).await.unwrap();
    }
    old.close().await.unwrap();
    let app = support::app(&database, support::TestClock::at(NOW)).await;
    assert_eq!(search::index_old(&app, 10).await.unwrap(), 1);
    let operator = fupan::domain::actor::Actor::local_operator();
    for (query, wanted) in [("", [3, 4, 1, 2]), ("提现", [3, 4, 1, 2]), ("state:owed", [3, 4, 1, 2])] {
        let query = search::parse(&app, query).unwrap();
        let listing = search::Listing { query, order: search::EventOrder::Newest, after: None, limit: 50 };
        let page = search::list(&app, &operator, &listing).await.unwrap();
        let numbers: Vec<i64> = page.events.iter().map(|event| event.number).collect();
        assert_eq!(numbers, wanted);
    }
    // Steps can be repeated.
    assert_eq!(fupan::store::migrate::up(&app.store).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_by_level_follows_the_policy_that_another_replica_wrote() {
    use fupan::domain::actor::Actor;
    let service = Service::start(NOW).await;
    let caller = Caller::new(&service, Role::Lead).await;
    for label in ["C", "P2", "P1", "B"] {
        let body = json!({"narrative": format!("级别 {label}"), "severity": label, "severity_reason": "x", "occurred_at": "2024-08-20T10:00:00+08:00"});
        caller.add(body).await;
    }
    // Remembered here from now on: C is also P2, B also P1.
    assert_eq!(caller.found("severity:C").await, [1, 2]);
    assert_eq!(caller.found("severity:C").await, [1, 2], "by what is remembered");
    assert_eq!(caller.found("severity:A").await, Vec::<i64>::new());
    // Another process on the same database, which tells this one nothing.
    let mut other = service.app.clone();
    other.levels = std::sync::Arc::default();
    let operator = Actor::local_operator();
    let policy = fupan::service::policies::read(&other, &operator, "severity").await.unwrap();
    let moved = |from: &str, to: &str| {
        let mut document: Value = serde_json::from_str(&policy.document).unwrap();
        for level in document["levels"].as_array_mut().unwrap() {
            let label = level["label"].as_str().unwrap().to_owned();
            let aliases = level["aliases"].as_array_mut().unwrap();
            aliases.retain(|alias| alias != from);
            if label == to {
                aliases.push(json!(from));
            }
        }
        document.to_string()
    };
    fupan::service::policies::write(&other, &operator, "severity", &moved("P2", "A"), None).await.unwrap();
    assert_eq!(caller.found("severity:C").await, [1], "a page that finds something");
    assert_eq!(caller.found("severity:A").await, [2]);
    fupan::service::policies::write(&other, &operator, "severity", &moved("P1", "D"), None).await.unwrap();
    assert_eq!(caller.found("severity:D").await, [3], "a page that found nothing by what was remembered");
    assert_eq!(caller.found("severity:C|B").await, [1, 2, 4]);
    assert_eq!(caller.found("-severity:C").await, [3, 4]);
    let (_, page) = caller.get(&[("q", "级别 severity:C")]).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2, "{page}");
}
