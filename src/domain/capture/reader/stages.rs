//! The clock points between beginning and end: 发现, 响应, 定位, 止损.

use super::Reader;
use crate::domain::{
    capture::{
        draft::{Assumption, DraftEvent, DraftField},
        outcomes,
    },
    clock_point::ClockPoint,
};

impl Reader<'_> {
    /// `10:10 响应`: a clock point and nothing else.
    pub(super) fn is_stage(&mut self, words: &str, index: usize) -> bool {
        let Some(field) = stage_of(words) else { return false };
        if self.draft.point(field).is_none() {
            self.set_point(field, index, None);
        }
        true
    }

    /// `14:32 发现 → 14:40 响应`: the time of the beginning is that of a stage too.
    pub(super) fn is_first_stage(&mut self, words: &str) -> bool {
        let Some(field) = stage_of(words) else { return false };
        if let (Some(first), Some(occurred)) = (self.first, self.draft.occurred)
            && let Some(point) = self.draft.point_mut(field)
        {
            *point = point.or(Some(occurred));
            self.span_of_token(field, first, None);
        }
        true
    }

    /// Sets a clock point to the instant of a later token; `assumption` says why it is that point, where the text
    /// does not.
    pub(super) fn set_point(&mut self, field: DraftField, index: usize, assumption: Option<Assumption>) {
        let Some(moment) = self.later(index) else { return };
        if let Some(point) = self.draft.point_mut(field) {
            *point = Some(ClockPoint::minute(moment.at));
            self.draft.spans.retain(|span| span.field != field);
            self.span_of_token(field, index, assumption.or(moment.assumption));
        }
    }

    /// `02:50 支付失败 02:55 响应 03:10 恢复`: the times with nothing but blanks around that begin a clause.
    pub(super) fn points_between_blanks(&self) -> Vec<usize> {
        let text = self.text;
        let mut found = Vec::new();
        let mut certain = false;
        for (index, pair) in self.tokens.windows(2).enumerate() {
            let [before, token] = pair else { continue };
            let index = index + 1;
            let start = token.range.start;
            let later = token.seconds.is_some() && token.date.is_none() && !token.ends_range;
            if !later || Some(index) == self.first || Some(index) == self.range_end {
                continue;
            }
            let between = text.chars(before.range.end..start);
            let told = between.iter().filter(|c| c.is_alphabetic()).count() >= 2;
            let stopped = between.iter().any(|c| matches!(c, '，' | ',' | '。' | '；' | ';' | '|' | '→' | '、' | '\n'));
            let word = start.checked_sub(2).map_or(' ', |at| text.at(at));
            let free = word.is_alphanumeric() && !matches!(word, '于' | '在' | '至' | '到' | '自' | '从' | '约');
            let blanks = text.at(start - 1) == ' ' && text.at(token.range.end) == ' ';
            if !blanks || !told || stopped || !free || word.is_ascii_lowercase() {
                continue;
            }
            let words = self.words_behind(index);
            let is_point = stage_of(&words).is_some() || words.chars().count() <= 8 && outcomes::is_well(&words);
            certain = certain || is_point;
            found.push((index, is_point));
        }
        // `监控于` and the like aside, one time between blanks may belong to its clause; a row of them does not.
        let row = found.len() >= 2 && certain;
        found.into_iter().filter(|(_, is_point)| row || *is_point).map(|(index, _)| index).collect()
    }

    /// The words behind a time, up to the next sign or time.
    fn words_behind(&self, index: usize) -> String {
        /// Characters that are looked at.
        const LONGEST: usize = 24;
        let Some(from) = self.tokens.get(index).map(|token| token.range.end) else { return String::new() };
        let next = self.tokens.get(index + 1).map_or(self.text.len(), |token| token.range.start);
        let to = next.min(from + LONGEST).max(from);
        let ends = |c: &char| matches!(c, '，' | ',' | '。' | '；' | ';' | '|' | '→' | '、' | '\n' | '【' | '(');
        let words: String = self.text.chars(from..to).iter().take_while(|c| !ends(c)).collect();
        words.trim().to_owned()
    }

    /// `02:50 发现支付失败 02:55 响应`: where clock points follow, the first time is that of the discovery. What was
    /// found out is left.
    pub(super) fn found_first<'w>(&mut self, words: &'w str) -> Option<&'w str> {
        let rest = ["监控发现", "客服发现", "巡检发现", "发现"].iter().find_map(|lead| words.strip_prefix(lead))?;
        let rest = rest.trim_start_matches([' ', ':']);
        let follows = |index: usize| Some(index) != self.first && stage_of(&self.words_behind(index)).is_some();
        let point = rest.chars().count() >= 2 && (0..self.tokens.len()).any(follows);
        (point && self.is_first_stage("发现")).then_some(rest)
    }

    /// `持续到10:45`, `down until 10:20`: the time is the end.
    pub(super) fn is_until(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let mut end = token.range.start;
        while end > 0 && matches!(self.text.at(end - 1), ' ' | '约') {
            end -= 1;
        }
        let behind = |word: &str| self.text.before(end, word);
        // `…，至本周一 09:20 才还原`
        let to = ["至", "到"].iter().find_map(|word| behind(word));
        ["持续到", "持续至", "直到", "直至", "until", "till"].iter().any(|word| behind(word).is_some())
            || to.is_some_and(|start| start == 0 || matches!(self.text.at(start - 1), '，' | ',' | '；' | ' '))
    }
}

/// The clock point that words name, and nothing else.
fn stage_of(words: &str) -> Option<DraftField> {
    Some(match words {
        "发现" | "告警" | "监控发现" | "监控告警" | "客服发现" | "巡检发现" | "人工发现" | "才被发现" | "被发现"
        | "报警" | "收到告警" | "触发告警" | "detected" | "alerted" => DraftField::DetectedAt,
        "响应" | "值班响应" | "介入" | "值班介入" | "到位" | "接手" | "值班接手" | "启动应急" | "acknowledged" => {
            DraftField::AcknowledgedAt
        }
        "定位" | "定位原因" | "定位问题" | "定位到原因" | "located" | "identified" => {
            DraftField::LocatedAt
        }
        "止损" | "完成止损" | "止血" | "mitigated" => DraftField::MitigatedAt,
        _ => return stage_of_somebody(words),
    })
}

/// `张三响应`, `值班同学接手`: who came, and the clock point.
fn stage_of_somebody(words: &str) -> Option<DraftField> {
    /// Characters of a name.
    const LONGEST: usize = 6;
    let who = ["响应", "接手", "介入", "到位"].iter().find_map(|tail| words.strip_suffix(tail))?;
    let named = (2..=LONGEST).contains(&who.chars().count())
        && who.chars().all(char::is_alphanumeric)
        // `接口无响应`, `服务停止响应`
        && !who.contains(['无', '未', '不', '没', '停', '慢', '超', '已']);
    named.then_some(DraftField::AcknowledgedAt)
}

impl DraftEvent {
    fn point(&mut self, field: DraftField) -> Option<ClockPoint> {
        self.point_mut(field).and_then(|point| *point)
    }

    fn point_mut(&mut self, field: DraftField) -> Option<&mut Option<ClockPoint>> {
        match field {
            DraftField::DetectedAt => Some(&mut self.detected),
            DraftField::AcknowledgedAt => Some(&mut self.acknowledged),
            DraftField::LocatedAt => Some(&mut self.located),
            DraftField::MitigatedAt => Some(&mut self.mitigated),
            _ => None,
        }
    }
}
