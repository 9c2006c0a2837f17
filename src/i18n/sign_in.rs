//! The words of the pages about signing in: sessions, authenticators, accounts at a provider.

use crate::service::oidc::Failure;

macro_rules! sign_in_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the pages in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct SignInTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: SignInTexts = SignInTexts { $($name: $zh,)+ };
        static EN: SignInTexts = SignInTexts { $($name: $en,)+ };
    };
}

sign_in_texts! {
    team_scope: "团队范围", "Teams";
    scope_all: "全部团队", "all teams";
    scope_own: "仅本团队", "own teams only";
    scope: "范围", "Scope";
    scope_none: "还没有加入团队，只看得到自己登记的和点名给你看的事件", "in no team yet: you see what you logged and what names you";
    scope_hint: "你看得到、改得到的是这些团队的事件，和你自己登记的、点名给你看的事件；数字只算这些事件。", "You see and change the events of these teams, and those that you logged or are named for; what is counted here are these events.";
    report_part: "这不是整份周报：只有上面这些团队的事件。指标和上报的事件数仍是全部团队的。", "This is not the whole report: it tells of the events of these teams alone. Figures and reported counts are those of all teams.";
    second_step: "输入动态码", "Enter a code";
    code: "动态码", "Code";
    code_hint: "验证器上现在的六位数字；手机不在身边时，用一个恢复码。", "The six digits that your authenticator shows now, or a recovery code.";
    wrong_code: "动态码不对，或已经用过；请用下一个。", "The code is wrong or was used before; take the next one.";
    begin_again: "这次登录已过期，请重新输入密码。", "This sign-in took too long; begin again with the password.";
    sessions: "登录会话", "Sessions";
    sessions_hint: "在哪些浏览器上登录着。不认识的，马上结束它，并修改密码。", "Where you are signed in. End what you do not know, and change the password.";
    browser: "浏览器", "Browser";
    unknown_browser: "其他程序", "another program";
    since: "登录", "Signed in";
    last_used: "最近使用", "Last used";
    until: "最晚到", "Ends at the latest";
    this_one: "当前会话", "this one";
    end: "结束", "End";
    end_others: "结束其他所有会话", "End all others";
    end_all: "结束所有会话", "End all";
    by_password: "密码", "password";
    by_provider: "统一登录", "single sign-on";
    by_proxy: "代理登录", "proxy";
    no_sessions: "没有会话。", "No sessions.";
    second_factor: "两步登录", "Two-step sign-in";
    factor_off: "未启用。启用后，输入密码之外还要输入手机验证器上的动态码。", "Off. Once on, an authenticator's code is asked for besides the password.";
    factor_on: "已启用", "On since";
    factor_required: "你的角色必须启用两步登录；启用之前不能使用其他页面。", "Your role needs two-step sign-in: set it up before you go on.";
    set_up_factor: "启用", "Set it up";
    scan: "用手机验证器扫描二维码，或手工输入密钥，再填它显示的六位数字。", "Scan the code with an authenticator, or type the key in; then enter the six digits that it shows.";
    key: "密钥", "Key";
    confirm: "确认启用", "Switch it on";
    recovery_codes: "恢复码", "Recovery codes";
    recovery_once: "恢复码只显示这一次，请抄下来放好。手机不在时，每个能代替一次动态码。", "The recovery codes are shown this once. Keep them apart from the telephone; each takes the place of one code.";
    codes_left: "剩余恢复码", "Recovery codes left";
    new_codes: "换一组恢复码", "Make new ones";
    remove_factor: "停用", "Switch it off";
    factor_removed: "两步登录已停用。", "Two-step sign-in is off.";
    reset_factor: "重置两步登录", "Reset two-step sign-in";
    reset_done: "已重置：此人下次登录只要密码。", "Reset: their next sign-in asks for the password only.";
    back_to_settings: "返回设置", "Back to the settings";
    or: "或", "or";
    with_provider: "统一登录", "Single sign-on";
    identities: "统一登录账号", "Single sign-on account";
    identity_none: "未关联。", "Not linked.";
    identity_linked: "已关联", "Linked since";
    link_identity: "关联", "Link";
    unlink_identity: "取消关联", "Unlink";
    signed_out: "已登出", "Signed out";
    sign_out_there: "在统一登录那里也登出", "Sign out there too";
}

/// The texts of a language.
pub fn texts(lang: &str) -> &'static SignInTexts {
    if lang.starts_with("en") { &EN } else { &ZH_CN }
}

/// Why the provider let nobody in, in a language.
pub fn provider_problem(failure: &Failure, lang: &str) -> String {
    let (chinese, english) = match failure {
        Failure::Unreachable(_) => (
            "统一登录的服务器现在用不了，请稍后再试或用密码登录；日志里有原因",
            "The sign-on server cannot be used now; try again later or sign in with a password. The log names the cause.",
        ),
        Failure::Refused => ("统一登录没有放行，请再试一次", "The sign-on server let nobody in; try again."),
        Failure::State | Failure::NotBegun => (
            "这次登录不是从这个浏览器开始的，或已经用过、过期；请再试一次",
            "This sign-in was not begun in this browser, was used, or took too long; try again.",
        ),
        Failure::Token(_) => (
            "统一登录给的凭据不可信，没有登录；请联系管理员",
            "What the sign-on server gave cannot be trusted; tell an administrator.",
        ),
        Failure::NoEmail => (
            "统一登录没有给出邮箱，无法建账号；请联系管理员",
            "The sign-on server tells no e-mail, so no account can be made; tell an administrator.",
        ),
        Failure::EmailTaken => (
            "这个邮箱在这里已有账号：请用密码登录，再到“设置”里关联",
            "There is an account with this e-mail: sign in with the password and link it in the settings.",
        ),
        Failure::NoRole => (
            "你在统一登录里的分组没有这里的权限，请联系管理员",
            "Your groups at the sign-on server give no rights here; tell an administrator.",
        ),
        Failure::SwitchedOff => ("这个账号已停用", "This account is switched off."),
        Failure::Linked => {
            ("这个统一登录账号已关联到别的账号", "This account at the sign-on server is linked to another account.")
        }
        Failure::Service(error) => return super::problems::chinese(error),
    };
    if lang.starts_with("en") { english } else { chinese }.to_owned()
}

/// A remedy in Chinese.
pub fn remedy(remedy: &str) -> Option<String> {
    let fixed = match remedy {
        "choose 12 to 200 characters" => "请用 12 到 200 个字符",
        "many people use this one; choose a few words that do not belong together" => {
            "这个密码太常用，请用几个互不相干的词"
        }
        "it is not the code that the authenticator shows now" => "不是验证器上现在的动态码，或已经用过",
        _ => {
            let word = remedy.strip_prefix("leave out “")?.strip_suffix("”: whoever guesses tries it first")?;
            return Some(format!("不要包含“{word}”，猜密码的人最先试它"));
        }
    };
    Some(fixed.to_owned())
}

/// A refusal of a step in Chinese.
pub fn conflict(words: &str) -> Option<&'static str> {
    Some(match words {
        "there is an authenticator; remove it first" => "已有验证器，请先停用",
        "no authenticator is being set up; begin again" => "没有正在绑定的验证器，请重新开始",
        "your role needs an authenticator; an administrator can reset it" => "你的角色必须有验证器；管理员可以重置",
        "this account has no password; unlinked, nobody could sign in with it" => {
            "这个账号没有密码，取消关联后就无法登录"
        }
        "this account has no password; sign in at the provider once more" => {
            "这个账号没有密码，请到统一登录重新登录一次"
        }
        "this account has no authenticator" => "这个账号没有验证器",
        _ => return None,
    })
}
