//! Problem details (RFC 9457) at the edge of the web.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::json;

use crate::{
    domain::checked::FieldError,
    i18n::record,
    service::{ServiceError, error::api_names},
};

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
    /// The sentence in Chinese, where there is one.
    pub chinese: Option<String>,
    /// The field it is about.
    pub field: Option<&'static str>,
    /// Facts that are asked for first.
    pub asked: Box<[&'static str]>,
    /// The rows of a file that it is about.
    pub rows: Box<[RowProblem]>,
    /// In how many seconds to ask again.
    pub retry_after: Option<u16>,
}

/// What is wrong with a row of a file.
#[derive(Debug, Clone)]
pub struct RowProblem {
    /// Its place, from 1.
    pub row: u64,
    /// Stable code for programs.
    pub reason: &'static str,
    /// A sentence for people.
    pub detail: String,
    /// The sentence in Chinese.
    pub chinese: String,
}

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let chinese = chinese_of(code).map(str::to_owned);
        Self {
            status,
            code,
            detail,
            chinese,
            field: None,
            asked: Box::default(),
            rows: Box::default(),
            retry_after: None,
        }
    }
}

impl Problem {
    /// Somebody asks too often and may again in so many seconds.
    pub fn too_often(seconds: i64) -> Self {
        let detail = format!("too many requests; try again in {seconds} seconds");
        let chinese = Some(format!("请求太频繁，请 {seconds} 秒后再试"));
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self { chinese, retry_after: Some(short(seconds)), ..Self::new(status, "too_many", detail) }
    }
}

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

impl Problem {
    /// The sentence in the reader's language.
    pub fn sentence(&self, chinese: bool) -> &str {
        self.chinese.as_deref().filter(|_| chinese).unwrap_or(&self.detail)
    }

    /// The JSON of the problem; `request_id` is the one in the log.
    pub fn body(&self, request_id: &str, chinese: bool) -> String {
        let detail = self.sentence(chinese);
        let mut body = json!({
            "type": format!("urn:fupan:problem:{}", self.code),
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": detail,
        });
        if let Some(map) = body.as_object_mut() {
            if let Some(field) = self.field {
                let error =
                    json!({"field": field, "pointer": format!("/{}", field.replace('.', "/")), "detail": detail});
                map.insert("errors".to_owned(), json!([error]));
            }
            if !self.asked.is_empty() {
                let texts = record::texts(if chinese { "zh-CN" } else { "en" });
                let question = |(fact, name): (&&'static str, String)| json!({"field": name, "question": record::question(texts, fact)});
                let questions: Vec<_> = self.asked.iter().zip(api_names(&self.asked)).map(question).collect();
                map.insert("questions".to_owned(), json!(questions));
            }
            if !self.rows.is_empty() {
                let of = |row: &RowProblem| {
                    let detail = if chinese { &row.chinese } else { &row.detail };
                    json!({"row": row.row, "reason": row.reason, "detail": detail})
                };
                map.insert("errors".to_owned(), self.rows.iter().map(of).collect());
            }
            if !request_id.is_empty() {
                map.insert("request_id".to_owned(), json!(request_id));
            }
        }
        body.to_string()
    }
}

/// Waits are of minutes.
fn short(seconds: i64) -> u16 {
    u16::try_from(seconds).unwrap_or(u16::MAX)
}

/// What a code says in Chinese where the English sentence is always the same.
fn chinese_of(code: &str) -> Option<&'static str> {
    Some(match code {
        "sign_in_needed" => "请先登录，或带上令牌：Authorization: Bearer fpn_…",
        "cross_site" => "这个请求来自别的网站；请在这里打开页面再试",
        "form_token" => "这张表单属于另一次登录；请重新打开页面，再提交一次",
        "proof_needed" => {
            "这次登录已超过 15 分钟：请先打开“设置 → 确认是你本人”（/settings/confirm）再试，或用带 admin 范围的令牌"
        }
        "second_factor_needed" => "你的角色需要动态码；请先在设置里绑定验证器",
        "not_found" => "这个地址没有内容",
        "method" => "这个地址不支持这种请求方法",
        "malformed" => "内容读不懂，请检查格式",
        "too_large" => "内容太大，最多 2 MiB",
        "packed" => "这里不收压缩过的内容，请去掉 Content-Encoding 再发",
        "media_type" => "这里不收这种类型的内容，请把 Content-Type 改成接口文档写明的类型",
        "too_deep" => "JSON 嵌套太深，最多 32 层",
        "slow" => "内容没有按时到齐，请用更快的网络再发一次",
        "version_needed" => "请带上 If-Match 和读到的 ETag",
        "too_many" => "尝试太频繁，请稍后再试",
        "unavailable" | "page" => "服务暂时办不了，请稍后再试；日志里按请求号能查到原因",
        _ => return None,
    })
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, u64::from(seconds)));
        }
        let mut answer = answer.content_type(MEDIA_TYPE).body(self.body("", false));
        answer.extensions_mut().insert(self.clone());
        answer
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        let chinese = Some(crate::i18n::problems::chinese(&error));
        let mut asked: Box<[&'static str]> = Box::default();
        let retry_after = match &error {
            ServiceError::TooMany { seconds } | ServiceError::Busy { seconds } => Some(short(*seconds)),
            _ => None,
        };
        let (status, code) = match &error {
            ServiceError::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            ServiceError::OutOfScope { .. } => (StatusCode::FORBIDDEN, "out_of_scope"),
            ServiceError::OwnTeamsOnly => (StatusCode::FORBIDDEN, "own_teams_only"),
            ServiceError::SecondFactorNeeded => (StatusCode::FORBIDDEN, "second_factor_needed"),
            ServiceError::SignInNeeded => (StatusCode::UNAUTHORIZED, "sign_in_needed"),
            ServiceError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            ServiceError::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            ServiceError::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            ServiceError::Invalid(field) => {
                return Self {
                    status: StatusCode::UNPROCESSABLE_ENTITY,
                    code: "invalid",
                    detail,
                    chinese,
                    field: Some(field.field),
                    asked,
                    rows: Box::default(),
                    retry_after: None,
                };
            }
            ServiceError::Foreign(_) => {
                let (status, field) = (StatusCode::UNPROCESSABLE_ENTITY, Some("document"));
                return Self {
                    status,
                    code: "invalid",
                    detail,
                    chinese,
                    field,
                    asked,
                    rows: Box::default(),
                    retry_after: None,
                };
            }
            ServiceError::Query(_) => {
                let (status, field) = (StatusCode::UNPROCESSABLE_ENTITY, Some("q"));
                return Self {
                    status,
                    code: "invalid",
                    detail,
                    chinese,
                    field,
                    asked,
                    rows: Box::default(),
                    retry_after: None,
                };
            }
            ServiceError::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "stale_version"),
            ServiceError::Unanswered { facts, .. } => {
                asked = facts.as_slice().into();
                (StatusCode::CONFLICT, "unanswered")
            }
            ServiceError::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            ServiceError::Store(_) | ServiceError::Interrupted(_) => {
                tracing::error!(%error, "a request failed");
                let words = "the service cannot do this now; the log names the cause under the request id";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", words);
            }
        };
        Self { status, code, detail, chinese, field: None, asked, rows: Box::default(), retry_after }
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        ServiceError::from(error).into()
    }
}
