//! What a splice changed in an event is read again, and where that does not tell it, it stands elsewhere or is left.

use chrono::Duration;
use fupan::domain::{
    capture::draft::Mark,
    clock_point::ClockPoint,
    report::{
        self,
        reading::Layout,
        splice::{SpliceContent, Spliced},
        style::ReportStyle,
    },
};

use super::{Shanghai, read, week_of};

fn spliced(document: &str, change: impl FnOnce(&mut SpliceContent)) -> Spliced {
    let reading = read(document);
    let mut content = SpliceContent::as_read(&reading);
    change(&mut content);
    report::splice(document, &reading, &ReportStyle::default(), week_of(&reading), Shanghai, &content).unwrap()
}

fn marked(document: &str, index: usize) -> (String, Vec<Mark>) {
    let made = spliced(document, |content| content.events[index].event.to_mut().mark = Mark::Done);
    assert_eq!(made.left, Vec::<usize>::new(), "{}", made.document);
    let marks = read(&made.document).events.iter().map(|event| event.draft.mark).collect();
    (made.document, marks)
}

#[test]
fn a_mark_that_would_make_a_line_a_heading_stands_elsewhere() {
    for document in [
        "# 2024-W34\n\n## 【生产事件】\n\n08/19 15:00 提现失败，回滚配置\n\n**本周完成**\n=\n",
        "# 2024-W34\n\n## 【生产事件】\n\n08/19 15:00 提现失败，回滚配置\n\n**本周完成**\n=\n\n08/20 10:00 乙失败【待复盘】\n",
    ] {
        let (made, marks) = marked(document, 0);
        assert_eq!(marks.len(), read(document).events.len(), "{made}");
        assert_eq!(marks[0], Mark::Done, "{made}");
        assert_eq!(made.replacen("【已复盘】", "", 1), document);
    }
}

#[test]
fn a_mark_behind_a_bracket_that_is_never_closed_is_read() {
    for open in ["【", "（", "(", "[", "〔", "「", "〖", "〈", "【C级", "（渠道", "【待", "（见附件【"]
    {
        let document =
            format!("# 2024-W34\n\n## 【生产事件】\n\n08/19 15:00 提现失败{open}\n\n08/20 10:00 乙失败【待复盘】\n");
        let (made, marks) = marked(&document, 0);
        assert_eq!(marks, [Mark::Done, Mark::Pending], "{made}");
        assert_eq!(made.replacen("【已复盘】", "", 1), document);
        // What the bracket holds is no part of the mark: the words stay when the mark changes again.
        let reading = read(&made);
        let mut content = SpliceContent::as_read(&reading);
        content.events[0].event.to_mut().mark = Mark::Pending;
        let again =
            report::splice(&made, &reading, &ReportStyle::default(), week_of(&reading), Shanghai, &content).unwrap();
        assert_eq!(again.document.replacen("【待复盘】", "", 1), document, "{made}");
    }
}

#[test]
fn a_time_that_moves_to_another_day_than_the_heading_says_is_written_with_its_date() {
    let document = "# 2024-W34\n\n## 【生产事件】\n\n8月19日\n\n- 10:00 甲失败\n- 11:00 乙失败\n";
    let moved = |content: &mut SpliceContent| {
        let occurred = content.events[1].event.occurred.unwrap();
        content.events[1].event.to_mut().occurred = Some(ClockPoint::minute(occurred.at + Duration::hours(25)));
    };
    let made = spliced(document, moved);
    assert_eq!(made.document, document.replacen("11:00", "08/20 12:00", 1));
    assert!(made.left.is_empty());
}

#[test]
fn a_change_that_cannot_be_read_back_leaves_its_event_as_it_stands_and_says_so() {
    // A sentence that is two events for every reader.
    let document = "# 2024-W34\n\n## 【生产事件】\n\n08/19 15:00 甲失败\n\n08/20 16:00 乙失败\n";
    let made = spliced(document, |content| {
        content.events[0].event.to_mut().narrative = "甲失败\n\n08/21 09:00 丙失败".to_owned();
        content.events[1].event.to_mut().mark = Mark::Done;
    });
    assert_eq!(made.document, document.replacen("乙失败", "乙失败【已复盘】", 1));
    assert_eq!(made.left, [0]);
}

#[test]
fn every_mark_of_the_corpus_can_be_changed_and_is_read_back() {
    let mut wrong = Vec::new();
    for (name, document) in super::corpus() {
        let reading = read(&document);
        for (index, event) in reading.events.iter().enumerate() {
            if event.layout == Layout::Table && event.mark_span.is_none() || event.draft.occurred.is_none() {
                continue;
            }
            let wanted = if event.draft.mark == Mark::Done { Mark::Pending } else { Mark::Done };
            let made = spliced(&document, |content| content.events[index].event.to_mut().mark = wanted);
            let again = read(&made.document);
            let read = again.events.get(index).map(|event| event.draft.mark);
            if again.events.len() != reading.events.len() || read != Some(wanted) || !made.left.is_empty() {
                wrong.push(format!("{name} {index}: {read:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
