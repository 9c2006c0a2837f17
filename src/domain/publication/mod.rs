//! A published week: the numbers behind its report, frozen, and what differs from them since.

mod causes;
mod differences;
mod numbers;
mod text;
mod wording;

pub use causes::{Edit, SamplesEdit, causes};
pub use differences::{Change, Difference, Subject, differences};
pub use numbers::{Carried, FrozenCount, FrozenEvent, FrozenFigure, Numbers};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        event::{EventFields, Source},
        postmortem::PostmortemState,
        report::reading::Decimal,
    };

    fn decimal(text: &str) -> Decimal {
        Decimal::parse("value", text).unwrap()
    }

    fn figure(id: u128, name: &str, value: &str) -> FrozenFigure {
        FrozenFigure {
            id: Uuid::from_u128(id),
            version: 1,
            position: 1,
            source: "manual".to_owned(),
            updated_at: 0,
            name: name.to_owned(),
            group: None,
            value: decimal(value),
            unit: Some("%".to_owned()),
            delta: None,
            delta_unit: None,
            target: None,
            measured: None,
        }
    }

    fn event(number: i64, narrative: &str) -> FrozenEvent {
        FrozenEvent {
            id: Uuid::from_u128(number.unsigned_abs().into()),
            number,
            version: 1,
            position: number,
            fields: EventFields { narrative: narrative.to_owned(), ..EventFields::default() },
            raw: None,
            source: Source::Line,
            state: PostmortemState::Pending,
            owner_id: None,
            due_on: None,
            reason: None,
            done_at: None,
            created_at: 0,
            updated_at: 0,
            line: format!("{narrative}【待复盘】"),
        }
    }

    fn compared(was: &Numbers, now: &Numbers) -> Vec<Difference> {
        differences(("a", was), ("a", now), chrono_tz::Asia::Shanghai)
    }

    #[test]
    fn what_is_equal_differs_in_nothing_whatever_its_versions() {
        let was =
            Numbers {
                figures: vec![figure(1, "入金", "99.9")], events: vec![event(1, "失败")], ..Numbers::default()
            };
        let mut now = was.clone();
        now.figures[0].version = 7;
        now.events[0].version = 7;
        now.events[0].state = PostmortemState::Drafting;
        assert_eq!(compared(&was, &now), []);
    }

    #[test]
    fn a_figure_that_was_written_again_is_compared_by_its_name() {
        let was =
            Numbers { figures: vec![figure(1, "入金", "99.9"), figure(2, "出金", "98")], ..Numbers::default() };
        let now = Numbers { figures: vec![figure(3, "入金", "99.8"), figure(4, "新", "1")], ..Numbers::default() };
        let found = compared(&was, &now);
        let words: Vec<_> =
            found.iter().map(|one| (one.subject.name(), one.published.clone(), one.current.clone())).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            words,
            [
                ("入金".to_owned(), some("99.9%"), some("99.8%")),
                ("出金".to_owned(), some("98%"), None),
                ("新".to_owned(), None, some("1%")),
            ]
        );
        assert_eq!(
            found[0].changes,
            [Change { part: "value", published: "99.9".to_owned(), current: "99.8".to_owned() }]
        );
    }

    #[test]
    fn only_the_text_differs_where_the_numbers_are_equal() {
        let numbers = Numbers::default();
        let found = differences(("## A\n\n无", &numbers), ("## B\n\n无", &numbers), chrono_tz::UTC);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].published.as_deref(), found[0].current.as_deref()), (Some("## A"), Some("## B")));
    }

    #[test]
    fn lines_that_the_numbers_explain_are_no_difference_of_the_text() {
        let was = Numbers {
            figures: vec![figure(1, "入金", "99.9"), figure(2, "出金", "98")],
            events: vec![event(1, "风控规则更新导致提现失败"), event(2, "网关超时影响付款交易")],
            ..Numbers::default()
        };
        let mut now = was.clone();
        now.figures[0].value = decimal("99.8");
        now.events.remove(0);
        let old = "## 数据\n\n- 入金：99.9%\n- 出金：98%（较上周 +0.1pp）\n\n08/19 15:00\n\n1. 风控规则更新导致提现失败【待复盘】\n\n08/20 15:00\n\n2. 网关超时影响付款交易【待复盘】\n";
        let new = "## 数据\n\n- 入金：99.8%\n- 出金：98%（较上周 +0.2pp）\n\n08/20 15:00\n\n1. 网关超时影响付款交易【待复盘】\n";
        let found = differences((old, &was), (new, &now), chrono_tz::UTC);
        let kinds: Vec<_> = found.iter().map(|one| one.subject.kind()).collect();
        assert_eq!(kinds, ["figure", "event", "text"], "{found:?}");
        assert_eq!(found[2].published.as_deref(), Some("- 出金：98%（较上周 +0.1pp）"));
        assert_eq!(found[2].current.as_deref(), Some("- 出金：98%（较上周 +0.2pp）"));
        let turned = differences(("a\nb", &was), ("b\na", &was), chrono_tz::UTC);
        assert_eq!((turned.len(), turned[0].current.as_deref()), (1, Some("b")));
    }

    #[test]
    fn both_sides_of_an_event_are_words_of_their_texts_or_both_of_the_house() {
        let was = Numbers { events: vec![event(1, "风控规则更新导致提现失败")], ..Numbers::default() };
        let mut now = was.clone();
        now.events[0].state = PostmortemState::Done;
        let told = |old: &str, new: &str| {
            let found = differences((old, &was), (new, &now), chrono_tz::UTC).remove(0);
            (found.published.unwrap(), found.current.unwrap())
        };
        let old = "## 事件\n\n8月19日 15:00\n\n1. 风控规则更新导致提现失败（待复盘）\n";
        let new = "- 8月19日 15:00 风控规则更新导致提现失败\n";
        let (published, current) = told(old, new);
        assert_eq!(published, "8月19日 15:00 风控规则更新导致提现失败（待复盘）", "with the date above it");
        assert_eq!(current, "8月19日 15:00 风控规则更新导致提现失败");
        let house = ("风控规则更新导致提现失败【待复盘】".to_owned(), "风控规则更新导致提现失败【已复盘】".to_owned());
        for pieces in ["| 风控规则更新 | 导致提现失败 |", "风控规则更新导致提现失败\n风控规则更新导致提现失败"]
        {
            assert_eq!(told(old, pieces), house, "{pieces}");
        }
    }

    #[test]
    fn the_edit_that_touched_what_differs_is_the_cause() {
        let was = Numbers { events: vec![event(1, "失败")], ..Numbers::default() };
        let mut now = was.clone();
        now.events[0].state = PostmortemState::Done;
        let difference = compared(&was, &now).remove(0);
        let edit = |seconds, action: &str, fields: &[&str]| Edit {
            at: DateTime::from_timestamp(seconds, 0).unwrap(),
            by: "小李".to_owned(),
            action: action.to_owned(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            samples: None,
        };
        let edits = vec![edit(1, "postmortem.done", &["state"]), edit(2, "event.update", &["cause"])];
        let told = causes(&difference, edits);
        assert_eq!(told.iter().map(|edit| edit.action.as_str()).collect::<Vec<_>>(), ["postmortem.done"]);
        let unknown = causes(&difference, vec![edit(2, "event.update", &["cause"])]);
        assert_eq!(unknown.len(), 1, "better a wide answer than none");
    }
}
