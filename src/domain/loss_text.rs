//! 资损 as the text of an event says it. Only what is plainly said is taken: no loss, or an amount right behind the word.

use crate::domain::{event_record::FundLoss, record_text};

const WORDS: [&str; 4] = ["资损", "资金损失", "fund loss", "financial loss"];
const NONE: [&str; 12] = [
    "无资损",
    "未造成资损",
    "没有资损",
    "未产生资损",
    "不涉及资损",
    "无资金损失",
    "未造成资金损失",
    "没有资金损失",
    "未产生资金损失",
    "不涉及资金损失",
    "no fund loss",
    "no financial loss",
];
/// Nobody knows yet: nothing is taken from such a clause.
const OPEN: [&str; 8] = ["待核", "核实", "核对", "排查", "是否", "待确认", "统计中", "to be confirmed"];
const EXPECTED: [&str; 8] = ["预计", "预估", "可能", "潜在", "估计", "最多", "expected", "potential"];
const RECOVERED: [&str; 6] = ["追回", "挽回", "收回", "追缴", "recovered", "recouped"];

/// The fund loss that a text tells. `无资损` is an actual loss of 0; an amount is the actual loss, with 预计 and the like
/// the expected one, with 追回 and the like what came back.
pub fn fund_loss(text: &str) -> FundLoss {
    let mut loss = FundLoss::default();
    let mut of_loss = false;
    for clause in text.split(['，', '。', '；', ';', '\n']) {
        let clause = clause.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| clause.contains(word));
        let names = has(&WORDS);
        // 已追回 2,000 元 speaks of the loss only right behind it.
        if !(names || (of_loss && has(&RECOVERED))) {
            of_loss = false;
            continue;
        }
        of_loss = true;
        if has(&OPEN) {
            continue;
        }
        if has(&NONE) {
            loss.actual = loss.actual.or(Some(0));
            continue;
        }
        let from = WORDS.iter().chain(&RECOVERED).filter_map(|word| clause.find(word).map(|at| at + word.len())).min();
        let Some(fen) = from.and_then(|from| amount(clause.get(from..).unwrap_or_default())) else { continue };
        let slot = if has(&RECOVERED) {
            &mut loss.recovered
        } else if has(&EXPECTED) {
            &mut loss.expected
        } else {
            &mut loss.actual
        };
        *slot = slot.or(Some(fen));
    }
    loss
}

/// The first amount of yuan, in fen.
fn amount(text: &str) -> Option<i64> {
    let end = text.find('元')?;
    let front = text.get(..end)?;
    let begin = front
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_ascii_digit() || matches!(c, '.' | ',' | '万' | '亿' | '千' | ' '))
        .last()
        .map(|(at, _)| at)?;
    record_text::fen("loss_actual_fen", front.get(begin..)?.trim()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plainly_said_is_taken() {
        let read = |text: &str| {
            let loss = fund_loss(text);
            (loss.expected, loss.actual, loss.recovered)
        };
        assert_eq!(read("提现失败，影响约684笔，无资损。"), (None, Some(0), None));
        assert_eq!(read("重复出款，资损约3,200元，已追回2000元。"), (None, Some(320_000), Some(200_000)));
        assert_eq!(read("预计资损1.2万元；影响金额 50 万元"), (Some(1_200_000), None, None));
        assert_eq!(read("造成资金损失 500.50 元"), (None, Some(50_050), None));
        assert_eq!(read("是否有资损待核实，影响金额3200元"), (None, None, None));
        assert_eq!(read("资损金额核对中"), (None, None, None));
        assert_eq!(read("影响金额3200元"), (None, None, None), "an amount is no loss");
        assert_eq!(read("库存已追回3元"), (None, None, None));
        assert_eq!(read("no fund loss"), (None, Some(0), None));
        assert_eq!(read("资损元"), (None, None, None));
    }
}
