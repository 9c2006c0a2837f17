//! Numbers of an impact (SCHEMA section 7, "Numbers"): `约684笔`, `1.2万单`, `三百余笔`, `nearly 450 refunds`.

use std::ops::Range;

use super::draft::{Impact, ImpactKind};
use crate::domain::text::Folded;

const BEFORE: &[&str] = &[
    "some",
    "approx.",
    "approx",
    "circa",
    "up to",
    "估计",
    "大约",
    "约",
    "接近",
    "将近",
    "近",
    "逾",
    "超过",
    "超",
    "至少",
    "不少于",
    "大概",
    "~",
    "≈",
    "about",
    "around",
    "roughly",
    "nearly",
    "over",
    "more than",
    "at least",
    "approximately",
    "almost",
];
const AFTER: &[&str] = &["余", "多", "左右", "上下", "来", "+"];
const COUNT_UNITS: &[&str] = &[
    "请求",
    "订单",
    "交易",
    "消息",
    "短信",
    "流水",
    "工单",
    "保单",
    "笔",
    "单",
    "票",
    "次",
    "条",
    "件",
    "份",
    "张",
    "个订单",
    "个请求",
    "批",
    "包",
    "封",
    "通",
    "例",
    "宗",
];
const USER_UNITS: &[&str] =
    &["人次", "人", "户", "位", "名", "家", "个用户", "个商户", "个客户", "个门店", "用户", "商户", "门店", "客户"];
const COUNT_WORDS: &[&str] = &[
    "views",
    "credits",
    "applications",
    "redemptions",
    "attempts",
    "statements",
    "txns",
    "txn",
    "tx",
    "lines",
    "rows",
    "alerts",
    "quotes",
    "cards",
    "operations",
    "labels",
    "payouts",
    "payout",
    "charges",
    "invoices",
    "checkouts",
    "authorizations",
    "authorisations",
    "captures",
    "settlements",
    "logins",
    "notifications",
    "callbacks",
    "coupons",
    "vouchers",
    "tickets",
    "bookings",
    "trades",
    "scans",
    "jobs",
    "files",
    "items",
    "bills",
    "statements",
    "labels",
    "tasks",
    "events",
    "queries",
    "searches",
    "emails",
    "packages",
    "transactions",
    "transaction",
    "orders",
    "order",
    "requests",
    "request",
    "refunds",
    "refund",
    "payments",
    "payment",
    "parcels",
    "parcel",
    "messages",
    "message",
    "records",
    "record",
    "calls",
    "shipments",
    "deliveries",
    "transfers",
    "withdrawals",
    "deposits",
];
const USER_WORDS: &[&str] = &[
    "companies",
    "firms",
    "passengers",
    "members",
    "partners",
    "couriers",
    "users",
    "user",
    "customers",
    "customer",
    "merchants",
    "merchant",
    "stores",
    "store",
    "drivers",
    "people",
    "clients",
    "accounts",
];

/// A number that was found, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The number.
    pub impact: Impact,
    /// Characters, signs and words of approximation excluded.
    pub range: Range<usize>,
    /// It is the lower one of a range of numbers.
    pub is_lower: bool,
}

/// The numbers of a text, in its order; callers take the first of a kind.
pub fn scan(text: &str) -> Vec<Impact> {
    let folded = Folded::new(text, 0);
    let all = 0..folded.len();
    scan_in(&folded, all).into_iter().map(|found| found.impact).collect()
}

/// The numbers in a range of characters.
pub fn scan_in(text: &Folded, range: Range<usize>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut index = range.start;
    while index < range.end.min(text.len()) {
        if !may_begin(text.at(index)) {
            index += 1;
            continue;
        }
        match number_at(text, index) {
            Some((number, end)) => {
                found.extend(number.map(|(impact, is_lower)| Found { impact, is_lower, range: index..end }));
                index = end.max(index + 1);
            }
            None => index += 1,
        }
    }
    found
}

fn may_begin(c: char) -> bool {
    c.is_ascii_digit() || "零一二三四五六七八九十百千万两".contains(c)
}

/// A number at `index`: an impact where a known unit follows, and where the number ends.
fn number_at(text: &Folded, index: usize) -> Option<(Option<(Impact, bool)>, usize)> {
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    let (hundredths, end) = if text.at(index).is_ascii_digit() {
        let ordinal = before == '第' || before == ' ' && index > 1 && text.at(index - 2) == '第';
        let of_time = before == ':' && index > 1 && text.at(index - 2).is_ascii_digit();
        if before.is_ascii_alphanumeric() || ordinal || of_time || matches!(before, '.' | '/') {
            return skip_number(text, index).map(|end| (None, end));
        }
        arabic(text, index)?
    } else {
        chinese(text, index)?
    };
    let mut end = end;
    let mut approximate = is_approximate_before(text, index);
    let mut value = hundredths;
    let mut lower = false;
    // `684-700笔`: the lower number, and nobody counted.
    if matches!(text.at(end), '-' | '~' | '至' | '到')
        && let Some((_, upper)) = arabic(text, end + 1)
        && text.at(end + 1).is_ascii_digit()
        && (scale_at(text, upper).is_some() || unit_of(text, text.skip_blanks(upper), index).is_some())
    {
        approximate = true;
        lower = true;
        end = upper;
    }
    // `12.8 万元`
    if matches!(text.at(text.skip_blanks(end)), '万' | '亿' | '千' | '百' | '余' | '多') {
        end = text.skip_blanks(end);
    }
    loop {
        if let Some(length) = text.any(end, AFTER) {
            approximate = true;
            end += length;
        } else if let Some((scale, length)) = scale_at(text, end) {
            value = value.checked_mul(scale)?;
            end += length;
        } else {
            break;
        }
    }
    let unit_at = text.skip_blanks(end);
    let Some((kind, length)) = unit_of(text, unit_at, index) else {
        let found = noun_before(text, index).map(|(kind, unit)| (whole(kind, value, unit, approximate), lower));
        return Some((found, end));
    };
    let unit_end = unit_at + length;
    if text.any(unit_end, &["左右", "上下", "以上", "+"]).is_some() {
        approximate = true;
    }
    let unit = text.text(unit_at..unit_end);
    Some((Some((whole(kind, value, unit, approximate), lower)), unit_end))
}

/// Hundredths of yuan are fen; pieces and people are whole.
fn whole(kind: ImpactKind, hundredths: i64, unit: String, approximate: bool) -> Impact {
    let (number, unit) =
        if kind == ImpactKind::Amount { (hundredths, "元".to_owned()) } else { (hundredths / 100, unit) };
    Impact { kind, number, unit, approximate }
}

/// `影响用户约 1.5w`: the noun in front of a number that has no unit behind it.
fn noun_before(text: &Folded, index: usize) -> Option<(ImpactKind, String)> {
    const NOUNS: [(&str, ImpactKind); 13] = [
        ("用户", ImpactKind::Users),
        ("商户", ImpactKind::Users),
        ("客户", ImpactKind::Users),
        ("门店", ImpactKind::Users),
        ("会员", ImpactKind::Users),
        ("人数", ImpactKind::Users),
        ("订单", ImpactKind::Count),
        ("交易", ImpactKind::Count),
        ("笔数", ImpactKind::Count),
        ("单量", ImpactKind::Count),
        ("请求", ImpactKind::Count),
        ("交易量", ImpactKind::Count),
        ("订单数", ImpactKind::Count),
    ];
    let mut end = index;
    loop {
        let before = end;
        while end > 0
            && matches!(text.at(end - 1), ' ' | ':' | '约' | '近' | '逾' | '超' | '过' | '达' | '数' | '量' | '≈' | '~')
        {
            end -= 1;
        }
        // `用户影响 1.9w`
        if end > 2 && text.has(end - 2, "影响") {
            end -= 2;
        }
        if end == before {
            break;
        }
    }
    NOUNS.into_iter().find_map(|(noun, kind)| {
        let from = text.before(end, noun)?;
        // 影响 must lead the noun: `订单 2025060401` is a number of an order.
        let leads = (1..=8).any(|back| from > back && text.has(from - back - 1, "影响"))
            || from >= 2 && text.any(from - 2, &["影响", "涉及", "波及"]).is_some()
            || from >= 1 && text.at(from - 1) == '涉'
            || text.has(end, "影响");
        // `，用户约 2.4 万`: a word of approximation in between makes it a number of them.
        let said = end + 1 < index && text.chars(end..index).iter().any(|c| matches!(c, '约' | '近' | '逾' | '超'));
        let begins = from == 0 || matches!(text.at(from - 1), '，' | ',' | '、' | ' ' | '；' | ':');
        (leads || said && begins).then(|| (kind, noun.to_owned()))
    })
}

fn skip_number(text: &Folded, mut index: usize) -> Option<usize> {
    let start = index;
    while text.at(index).is_ascii_digit() || matches!(text.at(index), '.' | ',' | ':') {
        index += 1;
    }
    (index > start).then_some(index)
}

/// `1,260.5` as hundredths.
fn arabic(text: &Folded, index: usize) -> Option<(i64, usize)> {
    let mut end = index;
    let mut whole = 0_i64;
    while end - index < 18 {
        match text.at(end) {
            c if c.is_ascii_digit() => {
                whole = whole.checked_mul(10)?.checked_add(i64::from(c.to_digit(10)?))?;
                end += 1;
            }
            ',' | '，' if (1..=3).all(|i| text.at(end + i).is_ascii_digit()) && !text.at(end + 4).is_ascii_digit() => {
                end += 1;
            }
            _ => break,
        }
    }
    let mut hundredths = whole.checked_mul(100)?;
    if text.at(end) == '.' && text.at(end + 1).is_ascii_digit() {
        end += 1;
        let mut place = 10;
        while let Some(digit) = text.at(end).to_digit(10) {
            hundredths = hundredths.checked_add(i64::from(digit) * place)?;
            place /= 10;
            end += 1;
        }
        if text.at(end) == '.' {
            return None;
        }
    }
    // More than two digits after the point are lost here only where a scale follows: `1.234万`.
    if text.at(end) == '%' || text.at(end) == ':' { None } else { Some((hundredths, end)) }
}

/// `三百`, `两千`, `千`, `十二`: as hundredths. 数十, 几百 name no number.
fn chinese(text: &Folded, index: usize) -> Option<(i64, usize)> {
    let digit =
        |c: char| "零一二三四五六七八九".chars().position(|d| d == c).or(if c == '两' { Some(2) } else { None });
    let scale = |c: char| match c {
        '十' => Some(10_i64),
        '百' => Some(100),
        '千' => Some(1_000),
        _ => None,
    };
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    if matches!(before, '数' | '几' | '第' | '若') || digit(before).is_some() {
        return None;
    }
    let mut total = 0_i64;
    let mut pending: Option<i64> = None;
    let mut end = index;
    let mut scaled = false;
    loop {
        let c = text.at(end);
        if let Some(value) = digit(c) {
            pending = Some(i64::try_from(value).ok()?);
        } else if let Some(value) = scale(c) {
            total += pending.take().unwrap_or(1) * value;
            scaled = true;
        } else {
            break;
        }
        end += 1;
    }
    let approximate_scale = scaled || matches!(text.at(end), '万' | '亿');
    if end == index && matches!(text.at(end), '万') && is_approximate_before(text, index) {
        return Some((100, end));
    }
    // `把节点一次摘空`: 一次 is no number of anything.
    if !scaled && end == index + 1 && text.at(index) == '一' && text.at(end) == '次' {
        return None;
    }
    if end == index || !(approximate_scale || unit_of(text, end, index).is_some()) {
        return None;
    }
    (total + pending.unwrap_or(0)).checked_mul(100).map(|value| (value, end))
}

fn scale_at(text: &Folded, index: usize) -> Option<(i64, usize)> {
    match text.at(index) {
        '万' => Some((10_000, 1)),
        '亿' => Some((100_000_000, 1)),
        '千' => Some((1_000, 1)),
        '百' => Some((100, 1)),
        'w' | 'W' if !text.at(index + 1).is_ascii_alphanumeric() => Some((10_000, 1)),
        'k' | 'K' if !text.at(index + 1).is_ascii_alphanumeric() => Some((1_000, 1)),
        'm' | 'M' if !text.at(index + 1).is_ascii_alphanumeric() => Some((1_000_000, 1)),
        _ => None,
    }
}

fn unit_of(text: &Folded, index: usize, number_at: usize) -> Option<(ImpactKind, usize)> {
    if let Some(length) = text.any(index, &["元", "块", "yuan", "rmb", "cny"]) {
        return Some((ImpactKind::Amount, length));
    }
    if let Some(length) = text.any(index, &["人民币"]) {
        return Some((ImpactKind::Amount, length));
    }
    if currency_before(text, number_at).is_some() {
        return Some((ImpactKind::Amount, 0));
    }
    if let Some(length) = text.any(index, USER_UNITS) {
        return Some((ImpactKind::Users, length));
    }
    if let Some(length) = text.any(index, COUNT_UNITS) {
        let longer = text.any(index, &["单量", "交易日", "交易时", "次日", "件数", "分钟", "条件"]);
        return longer.is_none().then_some((ImpactKind::Count, length));
    }
    // One adjective may stand between: `450 card payments`.
    for at in [index, next_word(text, index)] {
        if let Some(length) = word(text, at, COUNT_WORDS) {
            return Some((ImpactKind::Count, at + length - index));
        }
        if let Some(length) = word(text, at, USER_WORDS) {
            return Some((ImpactKind::Users, at + length - index));
        }
    }
    None
}

/// Where a sign of yuan in front of a number begins: `¥3.2k`, `CNY 1.27M`, `人民币 8.62 万`.
fn currency_before(text: &Folded, number_at: usize) -> Option<usize> {
    let mut end = number_at;
    while end > 0 && text.at(end - 1) == ' ' && number_at - end < 2 {
        end -= 1;
    }
    ["¥", "￥", "cny", "rmb", "人民币"].iter().find_map(|sign| {
        let from = text.before(end, sign)?;
        (from == 0 || !text.at(from - 1).is_ascii_alphanumeric()).then_some(from)
    })
}

fn word(text: &Folded, index: usize, words: &[&str]) -> Option<usize> {
    text.any(index, words).filter(|length| !text.at(index + length).is_ascii_alphabetic())
}

fn next_word(text: &Folded, index: usize) -> usize {
    let mut end = index;
    while text.at(end).is_ascii_alphabetic() || text.at(end) == '-' {
        end += 1;
    }
    text.skip_blanks(end)
}

fn is_approximate_before(text: &Folded, index: usize) -> bool {
    let index = currency_before(text, index).unwrap_or(index);
    let blank = (1..=2).find(|back| index >= *back && text.at(index - back) != ' ').unwrap_or(1) - 1;
    let Some(end) = index.checked_sub(blank) else { return false };
    BEFORE.iter().any(|word| {
        let Some(from) = text.before(end, word) else { return false };
        // 签约, 预约 … are words of their own.
        !(*word == "约" && from > 0 && "签预合违解节履续特".contains(text.at(from - 1)))
    })
}
