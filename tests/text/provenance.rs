//! Where each field was read, and whether the text states it.

use fupan::domain::capture::{
    self,
    draft::{Assumption, CaptureContext, DateAnchor, DraftEvent, DraftField, Origin},
    highlight,
};

use super::Shanghai;

fn read(line: &str) -> DraftEvent {
    let now = "2026-11-24T10:00:00+08:00".parse().unwrap();
    capture::read_line(line, &CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written: None })
}

fn assumption(draft: &DraftEvent, field: DraftField) -> Option<Assumption> {
    draft.spans_of(field).find_map(|span| span.assumption)
}

#[test]
fn what_the_text_says_is_stated_and_points_to_its_words() {
    let line = "【C级】2026/11/23 10:00 提现失败，10:05 发现，10:10 响应，10:20 定位，10:30 止损，影响约684笔、12家商户，金额35.6万元，原因规则更新，10:40 下线规则，恢复正常。【待复盘】";
    let draft = read(line);
    for (field, words) in [
        (DraftField::Severity, "C级"),
        (DraftField::OccurredAt, "2026/11/23 10:00"),
        (DraftField::DetectedAt, "10:05"),
        (DraftField::AcknowledgedAt, "10:10"),
        (DraftField::LocatedAt, "10:20"),
        (DraftField::MitigatedAt, "10:30"),
        (DraftField::RecoveredAt, "10:40"),
        (DraftField::Summary, "提现失败"),
        (DraftField::AffectedCount, "684笔"),
        (DraftField::AffectedUsers, "12家"),
        (DraftField::AffectedAmount, "35.6万元"),
        (DraftField::Cause, "规则更新"),
        (DraftField::Recovery, "下线规则 … 恢复正常"),
        (DraftField::Mark, "【待复盘】"),
    ] {
        assert_eq!(draft.words_of(field, line), words, "{field:?}");
        assert_eq!(draft.origin_of(field), Some(Origin::Stated), "{field:?}");
    }
}

#[test]
fn what_was_concluded_is_assumed_and_says_why() {
    for (line, field, why, words) in [
        ("11/23 10:00 失败", DraftField::OccurredAt, Assumption::Year, "11/23 10:00"),
        ("周一 10:00 失败", DraftField::OccurredAt, Assumption::RelativeDay, "周一 10:00"),
        ("昨天 10:00 失败", DraftField::OccurredAt, Assumption::RelativeDay, "昨天 10:00"),
        ("09:40 失败", DraftField::OccurredAt, Assumption::WritingDate, "09:40"),
        ("2026/11/23 23:50 失败，00:10 恢复", DraftField::RecoveredAt, Assumption::NextDay, "00:10"),
        ("2026/11/23 晚上8点 失败，8点半恢复", DraftField::RecoveredAt, Assumption::HalfOfDay, "8点半"),
        ("2026/11/23 10:00 失败，持续8分钟", DraftField::RecoveredAt, Assumption::Duration, "持续8分钟"),
        ("2026/11/23 10:00 失败，约20分钟后恢复", DraftField::RecoveredAt, Assumption::Duration, "20分钟"),
        ("2026/11/23 10:00 失败，10:30 基本恢复", DraftField::RecoveredAt, Assumption::PartlyWell, "10:30"),
        (
            "2026/11/23 10:00 失败，10:20 重启服务，10:40 恢复",
            DraftField::MitigatedAt,
            Assumption::FirstAction,
            "10:20",
        ),
        ("2026/11/23 10:00 影响约684笔", DraftField::Summary, Assumption::OtherField, "影响约684笔"),
        ("2026/11/23 10:00 失败，影响684-700笔", DraftField::AffectedCount, Assumption::LowerNumber, "684-700笔"),
    ] {
        let draft = read(line);
        assert_eq!(assumption(&draft, field), Some(why), "{line}: {:?}", draft.spans);
        assert_eq!(draft.words_of(field, line), words, "{line}");
        assert_eq!(draft.origin_of(field), Some(Origin::Assumed), "{line}");
    }
}

#[test]
fn every_field_that_was_read_has_a_place() {
    let (_, document) = super::corpus().into_iter().find(|(name, _)| name.contains("2024-W34")).unwrap();
    let reading = fupan::domain::report::read_report(&document, Shanghai, super::today());
    for event in reading.events {
        let draft = event.draft;
        let has = |field| draft.spans_of(field).next().is_some();
        assert_eq!(has(DraftField::OccurredAt), draft.occurred.is_some());
        assert_eq!(has(DraftField::RecoveredAt), draft.recovered.is_some());
        assert_eq!(has(DraftField::Summary), draft.summary.is_some());
        assert_eq!(has(DraftField::Impact), draft.impact.is_some());
        assert_eq!(has(DraftField::Cause), draft.cause.is_some());
        assert_eq!(has(DraftField::Recovery), draft.recovery.is_some());
        assert!(has(DraftField::Narrative));
    }
}

#[test]
fn the_parts_of_a_line_are_the_line_and_the_narrower_field_wins() {
    let line = "11/23 10:00 提现失败，影响约684笔出金交易";
    let draft = read(line);
    let parts = highlight::parts(line, &draft);
    assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), line);
    let shown: Vec<_> = parts.iter().map(|part| (part.text, part.span.map(|span| span.field))).collect();
    assert_eq!(
        shown,
        [
            ("11/23 10:00", Some(DraftField::OccurredAt)),
            (" ", None),
            ("提现失败", Some(DraftField::Summary)),
            ("，", None),
            ("影响约", Some(DraftField::Impact)),
            ("684笔", Some(DraftField::AffectedCount)),
            ("出金交易", Some(DraftField::Impact)),
        ]
    );
}
