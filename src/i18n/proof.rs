//! The words of the page where somebody proves once more who they are.

/// Every text of the page in one language.
#[derive(Debug)]
pub struct ProofTexts {
    /// The heading.
    pub heading: &'static str,
    /// Why it is asked.
    pub why: &'static str,
    /// Whose proof it is.
    pub signed_in_as: &'static str,
    /// The field of the password.
    pub password: &'static str,
    /// The field of the code.
    pub code: &'static str,
    /// What goes into it.
    pub code_hint: &'static str,
    /// The button.
    pub go_on: &'static str,
    /// Between the ways.
    pub or: &'static str,
    /// The way over the provider.
    pub provider: &'static str,
    /// Where there is no way.
    pub no_way: &'static str,
    /// Back without a proof.
    pub cancel: &'static str,
}

static ZH_CN: ProofTexts = ProofTexts {
    heading: "请确认是你本人",
    why: "接下来的操作会影响谁能登录，或带走个人数据。确认后 15 分钟内不再询问；回到原来的页面后，请再操作一次。",
    signed_in_as: "当前登录",
    password: "密码",
    code: "动态码",
    code_hint: "验证器上现在的六位数字；手机不在身边时，用一个恢复码。",
    go_on: "确认",
    or: "或",
    provider: "到统一登录重新登录一次",
    no_way: "这个账号没有密码，统一登录也没有关联：请登出后重新登录，或请管理员发一个设置密码的链接。",
    cancel: "不改了，返回设置",
};

static EN: ProofTexts = ProofTexts {
    heading: "Confirm that it is you",
    why: "What comes next decides who can sign in, or takes personal data out. Once confirmed, you are not asked again for 15 minutes; back on the page, do it once more.",
    signed_in_as: "Signed in as",
    password: "Password",
    code: "Code",
    code_hint: "The six digits that your authenticator shows now, or a recovery code.",
    go_on: "Confirm",
    or: "or",
    provider: "Sign in at the sign-on server once more",
    no_way: "This account has no password and is not linked to a sign-on server: sign out and in again, or ask an administrator for a link to set a password.",
    cancel: "Change nothing, back to the settings",
};

/// The texts of a language.
pub fn texts(lang: &str) -> &'static ProofTexts {
    if lang.starts_with("en") { &EN } else { &ZH_CN }
}
