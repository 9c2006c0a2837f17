//! The words of the page of calendars.

macro_rules! calendar_texts {
    ($($name:ident: $zh:literal, $en:literal;)+) => {
        /// Every text of the page in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the name and the Chinese text say what each is")]
        pub struct CalendarTexts { $(pub $name: &'static str,)+ }
        static ZH_CN: CalendarTexts = CalendarTexts { $($name: $zh,)+ };
        static EN: CalendarTexts = CalendarTexts { $($name: $en,)+ };
    };
}

calendar_texts! {
    calendar: "工作日历", "Working days";
    hint: "截止日、提醒和逾期天数都按工作日算。先看国家法定安排，再看公司的，最后看事件所属团队的；后面的优先。", "Due dates, reminders and days overdue count working days: the official ones, then the company's, then those of the event's team. Later ones win.";
    years: "年份", "Years";
    known: "已有", "known";
    bundled: "随程序提供", "bundled";
    edited: "已导入或修改", "imported or edited";
    unknown: "缺：按周一至周五算", "missing: Monday to Friday are counted";
    missing_1: "缺", "The official days off of";
    missing_2: "年的法定节假日，暂按周一至周五算；假日附近的截止日和提醒会错。请导入当年的安排。", "are missing; Monday to Friday are counted, and due dates near holidays go wrong. Import that year.";
    company: "公司", "The company";
    team: "团队", "Team";
    day: "日期", "Day";
    off: "休", "off";
    work: "班", "work";
    weekday: "星期", "Weekday";
    name: "说明", "Words";
    no_days: "还没有日子。", "No days yet.";
    add_day: "加一天", "Add a day";
    remove: "删除", "Remove";
    reset: "恢复随程序提供的", "Take the bundled days again";
    clear: "清空", "Remove all";
    import: "导入", "Import";
    import_hint: "holiday-cn 的 JSON、CSV（日期,休或班,说明）或 ICS。官方安排按年替换，公司和团队的逐日并入。", "JSON of holiday-cn, CSV (date, off or work, words), or ICS. Official days replace their year; those of the company and of teams are added day by day.";
    into: "导入到", "Into";
    national: "国家法定安排", "The official days";
    file: "文件", "File";
    or_paste: "或粘贴内容", "or paste it";
    imported: "已导入", "Imported";
    moved: "个截止日随之改变", "due dates moved with it";
    open: "打开", "Open";
    days_count: "天", "days";
}

/// A remedy in Chinese; its beginning is the place.
pub fn remedy(remedy: &str) -> Option<String> {
    let (place, rest) = remedy.split_once(": ")?;
    let fixed = match rest {
        "it is empty" => "内容是空的".to_owned(),
        "it holds no days" => "里面没有日子".to_owned(),
        "give at most 2 MB" => "最多 2 MB".to_owned(),
        "give at most 2,000 days" => "最多 2,000 天".to_owned(),
        "write a date like 2027-01-01" => "日期请写成 2027-01-01".to_owned(),
        "say isOffDay: true or false" => "请写 isOffDay：true 或 false".to_owned(),
        "write date, off or work (休 or 班), and a name" => "请写：日期,休或班,说明".to_owned(),
        "it is a day off and a working day at once; keep one line" => "同一天又休又班，请只留一行".to_owned(),
        "an entry without DTSTART" => "有一项没有 DTSTART".to_owned(),
        "an entry that repeats is not read; give each day" => "不读重复的日程，请逐日写出".to_owned(),
        "an entry of more than 62 days is no holiday" => "一项超过 62 天，不像假日".to_owned(),
        "it is not in this calendar" => "不在这份日历里".to_owned(),
        "give a year from 2000 to 2100" => "年份请在 2000 到 2100 之间".to_owned(),
        _ if rest.ends_with("too few; the file is not finished yet") => {
            let count = rest.split(' ').next().unwrap_or_default();
            format!("一年只有 {count} 个休息日，文件还不完整")
        }
        _ if rest.starts_with("the file is for ") => {
            let year: String = rest.chars().filter(char::is_ascii_digit).collect();
            format!("文件是 {year} 年的；只能有这一年的日子，和前一年 12 月的")
        }
        _ if rest.starts_with("it holds no days for ") => "里面没有日子".to_owned(),
        _ if rest.starts_with("give a day of ") => "请给这一年的日子，或前一年 12 月的".to_owned(),
        _ => return None,
    };
    let line = place.strip_prefix("line ").map(|number| format!("第 {number} 行"));
    Some(format!(
        "{}：{fixed}",
        line.unwrap_or_else(|| if place == "file" { "文件".to_owned() } else { place.to_owned() })
    ))
}

/// The words in a language; Chinese unless it is `en`.
pub fn texts(lang: &str) -> &'static CalendarTexts {
    if lang == "en" { &EN } else { &ZH_CN }
}
