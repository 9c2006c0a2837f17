//! Analytics and the board of owed postmortems over the API.

use fupan::domain::{
    actor::Role,
    event_record::{EventKind, Responsibility, WHOLE},
};
use reqwest::{Method, StatusCode};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use support::Service;
use uuid::Uuid;

use super::{
    NOW,
    action_items::{Api, record, team},
};

fn find<'a>(list: &'a Value, metric: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one["metric"] == metric).unwrap()
}

/// All numbers behind an address, page by page.
async fn behind(api: &Api, address: &str) -> Vec<i64> {
    let path = address.strip_prefix("/api/v1").unwrap();
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{path}&limit=2&cursor={cursor}")).await;
        let rows = page["data"].as_array().unwrap();
        numbers.extend(rows.iter().map(|row| {
            let of = if row["event"].is_null() { &row["action_item"] } else { &row["event"] };
            of["number"].as_i64().unwrap()
        }));
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["total"].as_u64().unwrap(), numbers.len() as u64, "{address}");
            return numbers;
        };
        next.clone_into(&mut cursor);
    }
}

/// Seven events: two whole ones, one with a date only, one whose clock runs backwards, one going on, a drill, and one
/// without a beginning.
async fn fill(service: &Service, api: &Api) -> Uuid {
    let at = |time: &str| format!("2024-08-19T{time}:00+08:00");
    let event = async |body: Value| api.event(body).await;
    event(json!({"narrative": "一", "severity": "A", "cause_category": "change", "occurred_at": at("10:00"), "detected_at": at("10:01"), "acknowledged_at": at("10:03"), "located_at": at("10:05"), "recovered_at": at("10:14"), "postmortem": "pending"})).await;
    event(json!({"narrative": "二", "severity": "C", "cause_category": "capacity", "occurred_at": at("11:00"), "detected_at": at("11:04"), "located_at": at("11:06"), "recovered_at": at("11:20"), "postmortem": "pending"})).await;
    event(json!({"narrative": "三", "severity": "C", "occurred_at": "2024-08-19T00:00:00+08:00", "occurred_precision": "day", "detected_at": at("12:00"), "recovered_at": at("12:30"), "postmortem": "done"})).await;
    event(json!({"narrative": "四", "occurred_at": "2024-07-30T10:00:00+08:00", "detected_at": "2024-07-30T09:00:00+08:00", "recovered_at": "2024-07-30T10:30:00+08:00"})).await;
    event(json!({"narrative": "五", "severity": "D", "occurred_at": at("13:00"), "postmortem": "not_required"})).await;
    let drill =
        event(json!({"narrative": "演练", "severity": "A", "occurred_at": at("14:00"), "recovered_at": at("18:00")}))
            .await;
    event(json!({"narrative": "没有时间", "week": "2024-W34", "cause_category": "change"})).await;
    record(service, drill, |fields| fields.kind = EventKind::Drill).await;
    let (one, two) = (team(service, "支付组").await, team(service, "渠道组").await);
    record(service, 1, |fields| {
        fields.detection = Some(fupan::domain::event_record::Detection::Monitoring);
        fields.responsibility =
            vec![Responsibility { team_id: one, share: WHOLE / 2 }, Responsibility { team_id: two, share: WHOLE / 4 }];
    })
    .await;
    record(service, 2, |fields| {
        fields.detection = Some(fupan::domain::event_record::Detection::Customer);
        fields.responsibility = vec![Responsibility { team_id: one, share: WHOLE }];
    })
    .await;
    let ids: Vec<Uuid> = {
        let mut ids = Vec::new();
        for number in [2, 1] {
            let event = fupan::store::events::by_number(service.app.store.read(), number).await.unwrap().unwrap();
            ids.push(event.id);
        }
        ids
    };
    let tx = service.app.store.begin().await.unwrap();
    let relation = entity::event_relation::ActiveModel {
        event_id: Set(ids[0]),
        other_id: Set(ids[1]),
        kind: Set("recurrence".to_owned()),
        created_at: Set(0),
        created_by: Set(None),
    };
    entity::event_relation::Entity::insert(relation).exec_without_returning(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    one
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_say_of_how_many_of_how_many_and_leave_out_what_is_not_known() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    fill(&service, &api).await;
    let figures = api.get("/analytics?from=2024-07-01&to=2024-08-31").await;
    assert_eq!((figures["events"].as_u64(), figures["drills_and_maintenance"].as_u64()), (Some(6), Some(1)));
    let durations = &figures["durations"];
    let detect = find(durations, "time_to_detect");
    assert_eq!(
        (detect["used"].as_u64(), detect["all"].as_u64(), detect["sum_seconds"].as_i64()),
        (Some(2), Some(6), Some(300))
    );
    assert_eq!(
        (&detect["mean_minutes"], &detect["median_minutes"], &detect["p90_minutes"]),
        (&json!(2.5), &json!(2.5), &json!(4))
    );
    assert_eq!(detect["left_out"], json!({"day_only": 1, "missing": 2, "negative": 1}));
    assert_eq!(
        detect["formula"]["zh"],
        "发现 − 发生；平均 = 5 ÷ 2 = 2.5 分钟；中位数 = 从小到大第 1 & 2 个 = 2.5 分钟；P90 = 最近秩 ⌈0.9 × 2⌉，第 2 个 = 4 分钟"
    );
    assert!(detect["formula"]["en"].as_str().unwrap().starts_with("detected − began; mean = 5 ÷ 2 = 2.5 min"));
    let recover = find(durations, "time_to_recover");
    assert_eq!((recover["used"].as_u64(), &recover["median_minutes"]), (Some(3), &json!(20)));
    assert_eq!(find(durations, "time_to_acknowledge")["sum_seconds"], 120);
    assert_eq!(find(durations, "time_to_locate")["sum_seconds"], 240 + 120);
    let review = find(durations, "time_to_postmortem");
    assert!(review["mean_minutes"].is_null() && review["used"] == 0, "{review}");

    let ratios = &figures["ratios"];
    for (metric, hits, used, percent) in [
        ("detect_in_time", 1, 2, json!(50)),
        ("locate_in_time", 2, 2, json!(100)),
        ("recover_in_time", 1, 2, json!(50)),
        ("one_five_ten", 1, 2, json!(50)),
        ("change_caused", 2, 6, json!(33.333_333)),
        ("found_by_monitoring", 1, 6, json!(16.666_667)),
        ("reported_by_customer", 1, 6, json!(16.666_667)),
        ("postmortem_done", 1, 3, json!(33.333_333)),
        ("postmortem_on_time", 0, 1, json!(0)),
        ("action_items_on_time", 0, 0, Value::Null),
        ("recurrence", 1, 6, json!(16.666_667)),
    ] {
        let one = find(ratios, metric);
        assert_eq!((one["hits"].as_i64(), one["used"].as_i64()), (Some(hits), Some(used)), "{metric} {one}");
        assert_eq!(one["percent"], percent, "{metric}");
    }
    let none = find(ratios, "action_items_on_time")["formula"]["en"].as_str().unwrap();
    assert!(none.contains("there is no base"), "{none}");
    let cumulative = api.get("/analytics?from=2024-07-01&to=2024-08-31&reading=cumulative").await;
    assert_eq!(cumulative["reading"], "cumulative");
    for (metric, hits) in [("detect_in_time", 1), ("locate_in_time", 1), ("recover_in_time", 0), ("one_five_ten", 0)] {
        assert_eq!(find(&cumulative["ratios"], metric)["hits"], hits, "{metric}");
    }

    let all = durations.as_array().unwrap().iter().chain(ratios.as_array().unwrap());
    for one in all {
        let address = one["events"].as_str().unwrap();
        assert_eq!(behind(&api, address).await.len() as u64, one["used"].as_u64().unwrap(), "{address}");
        let left: u64 = one["left_out"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        let address = address.replace("part=used", "part=left");
        assert_eq!(behind(&api, &address).await.len() as u64, left, "{address}");
    }
    assert_eq!(behind(&api, recover["events"].as_str().unwrap()).await, [4, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_add_up_and_their_numbers_open_their_own_lists() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    let first = fill(&service, &api).await;
    for by in ["team", "service", "level", "month"] {
        let figures = api.get(&format!("/analytics?from=2024-07-01&to=2024-08-31&by={by}")).await;
        let groups = figures["groups"].as_array().unwrap();
        let sum: f64 = groups.iter().map(|group| group["count"].as_f64().unwrap()).sum();
        assert!((sum - 6.0).abs() < 1e-9, "{by}: {groups:?}");
        for group in groups {
            for one in group["durations"].as_array().unwrap().iter().chain(group["ratios"].as_array().unwrap()) {
                let address = one["events"].as_str().unwrap();
                assert_eq!(behind(&api, address).await.len() as u64, one["used"].as_u64().unwrap(), "{address}");
            }
        }
    }
    let teams = api.get("/analytics?from=2024-07-01&to=2024-08-31&by=team").await;
    let group =
        |key: &str| teams["groups"].as_array().unwrap().iter().find(|group| group["key"] == key).unwrap().clone();
    let own = group(&first.to_string());
    assert_eq!((own["name"].as_str(), &own["count"], own["events"].as_u64()), (Some("支付组"), &json!(1.5), Some(2)));
    let change = find(&own["ratios"], "change_caused");
    assert_eq!(
        (&change["numerator"], &change["denominator"], &change["percent"]),
        (&json!(0.5), &json!(1.5), &json!(33.333_333))
    );
    assert_eq!(find(&own["durations"], "time_to_recover")["used"], 2, "each event counts for each team it names");
    assert_eq!(group("-")["count"], json!(4.25), "what nobody answers for stands apart");
    let levels = api.get("/analytics?from=2024-07-01&to=2024-08-31&by=level").await;
    let keys: Vec<&str> =
        levels["groups"].as_array().unwrap().iter().map(|group| group["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["-", "A", "C", "D"]);
    let months = api.get("/analytics?from=2024-07-01&to=2024-08-31&by=month").await;
    let keys: Vec<&str> =
        months["groups"].as_array().unwrap().iter().map(|group| group["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["2024-07", "2024-08"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn postmortems_and_action_items_in_time_are_told_from_late_ones() {
    let service = Service::start(NOW).await;
    let (api, other) = (Api::of(&service, Role::Lead).await, Api::of(&service, Role::Lead).await);
    let body = |name: &str| json!({"narrative": name, "severity": "A", "occurred_at": "2024-08-21T09:00:00+08:00", "recovered_at": "2024-08-21T10:00:00+08:00", "postmortem": "pending"});
    for name in ["一", "二", "三"] {
        let event = api.event(body(name)).await;
        let item = json!({"title": name, "owner": api.email, "due_on": "2024-08-23"});
        assert_eq!(api.post(&format!("/events/{event}/action-items"), item).await.0, StatusCode::CREATED);
        let step = json!({"to": "in_verification", "evidence": "图"});
        api.post(&format!("/action-items/{event}:move"), step).await;
    }
    let done = async |event: i64, at: &str| {
        service.clock.set(at);
        api.moves(event, json!({"state": "done", "reason": "在例会上复盘"})).await;
        other.post(&format!("/action-items/{event}:move"), json!({"to": "done"})).await;
    };
    done(1, "2024-08-22T02:00:00Z").await;
    done(2, "2024-08-26T02:00:00Z").await;
    let figures = api.get("/analytics?from=2024-08-01&to=2024-08-31").await;
    let review = find(&figures["durations"], "time_to_postmortem");
    assert_eq!((review["used"].as_u64(), &review["median_minutes"]), (Some(2), &json!(4_320)), "1 day and 5 days");
    for (metric, hits, used) in
        [("postmortem_done", 2, 3), ("postmortem_on_time", 1, 3), ("action_items_on_time", 1, 3)]
    {
        let one = find(&figures["ratios"], metric);
        assert_eq!((one["hits"].as_i64(), one["used"].as_i64()), (Some(hits), Some(used)), "{metric}");
        let address = one["events"].as_str().unwrap().replace("part=used", "part=hits");
        assert_eq!(behind(&api, &address).await.len(), usize::try_from(hits).unwrap(), "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_makes_no_sense_is_refused_and_a_restricted_event_is_no_figure_for_strangers() {
    let service = Service::start(NOW).await;
    let (writer, stranger) = (Api::of(&service, Role::Reporter).await, Api::of(&service, Role::Lead).await);
    let event = writer
        .event(json!({"narrative": "内部调查", "occurred_at": "2024-08-19T10:00:00+08:00", "postmortem": "pending"}))
        .await;
    record(&service, event, |fields| fields.restricted = true).await;
    for (who, sees) in [(&writer, 1), (&stranger, 0)] {
        assert_eq!(who.get("/analytics").await["events"], sees);
        assert_eq!(who.get("/analytics/events?part=all").await["total"], sees);
        assert_eq!(who.get("/postmortems/board").await["total"], sees);
        let counts = who.get("/counts?from=2024-08-01&to=2024-08-31").await;
        assert_eq!(counts["company"]["total"], json!(sees.to_string()), "{counts}");
    }
    for (query, field) in [
        ("from=2024-08-31&to=2024-08-01", "to"),
        ("by=person", "by"),
        ("reading=both", "reading"),
        ("from=%2B99999-01-01", "from"),
    ] {
        let refused = stranger.send(Method::GET, &format!("/analytics?{query}"), None, None).await;
        assert!(refused.status().is_client_error(), "{query}");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"].as_str().unwrap_or_default(), field, "{query} {problem}");
    }
    for query in ["metric=nope", "part=nope", "group=x", "cursor=x"] {
        let refused = stranger.send(Method::GET, &format!("/analytics/events?{query}"), None, None).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
    assert_eq!(stranger.get("/analytics?from=2024-08-01&to=2099-01-01").await["events"], 0, "a far day is only far");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_shows_age_limit_teams_and_how_the_oldest_grew() {
    let service = Service::start("2024-08-05T02:00:00Z").await;
    let api = Api::of(&service, Role::Lead).await;
    let (one, two) = (team(&service, "支付组").await, team(&service, "渠道组").await);
    let pending = |name: &str, day: &str, severity: &str| json!({"narrative": name, "severity": severity, "occurred_at": format!("{day}T08:00:00+08:00"), "recovered_at": format!("{day}T09:00:00+08:00"), "postmortem": "pending"});
    api.event(pending("旧的", "2024-08-05", "A")).await;
    service.clock.set("2024-08-14T02:00:00Z");
    api.event(pending("新的", "2024-08-14", "D")).await;
    api.event(json!({"narrative": "早就复盘了", "occurred_at": "2024-05-06T10:00:00+08:00", "postmortem": "done"}))
        .await;
    record(&service, 1, |fields| {
        fields.responsibility =
            vec![Responsibility { team_id: one, share: WHOLE / 2 }, Responsibility { team_id: two, share: WHOLE / 2 }];
    })
    .await;
    api.moves(2, json!({"owner": api.email})).await;
    let board = api.get("/postmortems/board").await;
    assert_eq!((&board["total"], &board["overdue"], &board["oldest_working_days"]), (&json!(2), &json!(1), &json!(7)));
    let row = &board["data"][0];
    assert_eq!((row["event"].as_str(), row["due_on"].as_str()), (Some("PE-1"), Some("2024-08-06")));
    assert_eq!(
        (&row["age_working_days"], &row["limit_working_days"], &row["overdue_working_days"], &row["reminders_sent"]),
        (&json!(7), &json!(1), &json!(6), &json!(0))
    );
    assert_eq!(
        row["teams"],
        json!([{"team": "支付组", "basis_points": 5000}, {"team": "渠道组", "basis_points": 5000}])
    );
    let teams = board["teams"].as_array().unwrap();
    let owed: f64 = teams.iter().map(|team| team["count"].as_f64().unwrap()).sum();
    assert!((owed - 2.0).abs() < 1e-9 && teams.len() == 3, "{teams:?}");
    for (query, expected) in [
        (format!("team={one}"), vec!["PE-1"]),
        ("team=-".to_owned(), vec!["PE-2"]),
        ("owner=me".to_owned(), vec!["PE-2"]),
        ("owner=-&overdue=true".to_owned(), vec!["PE-1"]),
        ("limit=1".to_owned(), vec!["PE-1"]),
        ("limit=1&cursor=2024-08-05.1".to_owned(), vec!["PE-2"]),
        ("week=2024-W32".to_owned(), vec!["PE-1"]),
    ] {
        let board = api.get(&format!("/postmortems/board?{query}")).await;
        let found: Vec<&str> =
            board["data"].as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
    service.clock.set("2024-08-21T02:00:00Z");
    api.moves(1, json!({"state": "done", "reason": "在例会上复盘"})).await;
    let board = api.get("/postmortems/board").await;
    let trend = board["trend"].as_array().unwrap();
    assert_eq!(trend.len(), 26);
    let last: Vec<(&Value, &Value)> =
        trend.iter().skip(22).map(|point| (&point["owed"], &point["oldest_working_days"])).collect();
    let point = |owed: i64, oldest: Value| (json!(owed), oldest);
    let expected = [point(0, Value::Null), point(1, json!(4)), point(2, json!(9)), point(1, json!(5))];
    assert_eq!(last, expected.iter().map(|(owed, oldest)| (owed, oldest)).collect::<Vec<_>>());
    let then = api.get("/postmortems/board?week=2024-W33").await;
    assert_eq!(then["total"], 2, "each number of the trend opens the list of its week");
    for query in ["week=2024-W54", "team=nope", "owner=nobody@example.com", "cursor=x"] {
        let status = api.send(Method::GET, &format!("/postmortems/board?{query}"), None, None).await.status();
        assert!(status.is_client_error(), "{query}: {status}");
    }
}
