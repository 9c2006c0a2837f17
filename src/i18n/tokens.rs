//! The words of API tokens.

use crate::domain::scope::Scope;

macro_rules! token_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of tokens in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct TokenTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: TokenTexts = TokenTexts { $($name: $zh,)+ };
        static EN: TokenTexts = TokenTexts { $($name: $en,)+ };
    };
}

token_texts! {
    all: "所有人的令牌", "Everybody's tokens";
    scopes: "可以做什么", "What it may be used for";
    days: "有效天数", "Days that it works";
    until: "到期", "ends";
    soon: "快到期，请轮换", "ends soon: rotate it";
    endless: "没有到期日，请轮换", "has no end: rotate it";
    over: "已到期", "has ended";
    replaced: "已有新的接替", "replaced by a new one";
    rotate: "轮换", "Rotate";
    rotate_hint: "轮换会给出新的令牌，旧的再用 24 小时。", "Rotating gives a new token; the old one goes on working for 24 hours.";
    more: "更早的", "Earlier";
    none: "没有令牌。", "There are no tokens.";
}

/// The texts of a language.
pub fn texts(chinese: bool) -> &'static TokenTexts {
    if chinese { &ZH_CN } else { &EN }
}

/// What a scope is for.
pub const fn scope(chinese: bool, scope: Scope) -> &'static str {
    match (scope, chinese) {
        (Scope::Read, true) => "读取",
        (Scope::Read, false) => "read",
        (Scope::Write, true) => "读写",
        (Scope::Write, false) => "read and write",
        (Scope::Samples, true) => "只推样本",
        (Scope::Samples, false) => "push samples only",
        (Scope::Admin, true) => "全部（含管理）",
        (Scope::Admin, false) => "everything, administration too",
    }
}
