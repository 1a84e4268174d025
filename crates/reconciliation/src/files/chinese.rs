//! What is wrong with a file, in Chinese: for whoever brought it and reads no English.
//!
//! A problem is one English sentence, made where it is found: what is wrong, then what to do. Here the same is said from a table, `{}`
//! standing for what is quoted. A sentence that is not in it stays as it is; the table of damaged files (`crates/cli/tests/damaged.toml`)
//! proves that those which people meet are.

/// What to do, at the end of a problem behind `; ` or `, `. The longer one of two that end alike comes first.
const ADVICE: &[(&str, &str)] = &[
    (
        "get the file again, unchanged; if it stays so, ask whoever made it",
        "请重新取一份原文件，不要改动；如果还是这样，请问文件的提供方",
    ),
    (
        "fetch the file again; if it stays so, keep it and ask WeChat Pay",
        "请重新下载；如果还是这样，请保留文件并联系微信支付",
    ),
    ("get the file again, unchanged", "请重新取一份原文件，不要改动"),
    ("get it again, unchanged", "请重新取一份原文件，不要改动"),
    ("get the file again and do not save it with another program", "请重新取一份原文件，不要用别的程序另存"),
    ("get the file again", "请重新取一份原文件"),
    ("get it again", "请重新取一份原文件"),
    ("fetch the file again", "请重新下载"),
    ("fetch the bill again", "请重新下载账单"),
    ("fetch it again", "请重新下载"),
    (
        "export again and open the file with this column as text, or not at all",
        "请重新导出，并以文本格式打开这一列，或者不要打开",
    ),
    ("export the file again", "请重新导出"),
    ("export it again", "请重新导出"),
    ("is it the file of another day?", "是不是别的日期的文件？"),
    (
        "was the file of another day joined to this one? Export the day by itself",
        "是不是并进了别的日期的文件？请单独导出这一天",
    ),
    ("unpack it first", "请先解压"),
    ("unpack it yourself if you trust it", "如果确信没有问题，请自行解压后再上传"),
    ("unpack it and give the one that is meant", "请解压，只上传需要的那一个"),
    ("unpack it with the password and give the file in it", "请用密码解压后上传里面的文件"),
    ("unpack it with another program and give the file in it", "请用别的程序解压后上传里面的文件"),
    ("unpack it, or save it as CSV", "请解压，或另存为 CSV"),
    (
        "open it, take the password off, and save it as .xlsx or CSV",
        "请打开文件去掉密码，另存为 .xlsx 或 CSV",
    ),
    (
        "open it and save it as .xlsx, with order numbers as text, or as CSV",
        "请打开后另存为 .xlsx（单号列设为文本）或 CSV",
    ),
    ("open it and save it again as .xlsx, or as CSV", "请打开后另存为 .xlsx 或 CSV"),
    ("save the sheet as CSV, or divide it", "请把工作表另存为 CSV，或分成几份"),
    ("divide it", "请分成几份"),
    ("an error page may have been saved", "可能把出错页面存成了文件"),
    ("it was cut off", "文件不完整"),
    ("the file was cut off or changed", "文件不完整或被改过"),
    ("the file was changed", "文件被改过"),
    ("the line was changed", "这一行被改过"),
    ("the line is damaged, or a text in it holds a comma", "这一行有损坏，或文字里有逗号"),
    ("the line is damaged", "这一行有损坏"),
    ("a quotation mark is not closed on its line", "引号没有成对"),
    ("a line break is missing", "缺少换行"),
    ("a row is missing or was changed", "少了一行，或有行被改过"),
    ("it was not copied to its end", "没有拷贝完整"),
    ("the file was not copied to its end", "没有拷贝完整"),
    ("the file is damaged", "文件有损坏"),
    ("the workbook is damaged", "工作簿有损坏"),
    ("give each by itself", "请一份一份地上传"),
    ("the file is in it twice, or several were joined", "文件重复了一遍，或把几份拼在了一起"),
    ("were several files joined? Give them one by one", "是不是把几份拼在了一起？请一份一份地上传"),
    ("export the file without it", "导出时请不要带合计行"),
    (
        "leave it out with total_row = \"leave_out\" in a layout",
        "请信息科在格式定义里用 total_row = \"leave_out\" 略去",
    ),
    ("name it in a layout's [kinds]", "请信息科在格式定义的 [kinds] 中说明"),
    ("name it in a layout's [states]", "请信息科在格式定义的 [states] 中说明"),
    (
        "nothing can be compared without it. Leave such rows out with a layout's [only]",
        "没有它无法核对；这类行可请信息科用格式定义的 [only] 略去",
    ),
    ("nothing can be compared without it", "没有它无法核对"),
    ("the bill's form has changed", "账单格式变了，请联系信息科"),
    ("the file as Alipay made it (GBK) is wanted", "请上传支付宝给出的原文件（GBK 编码）"),
    ("which one is meant? Rename one of them", "不知道用哪一列，请改其中一个列名"),
    ("is it the right file?", "是不是传错了文件？"),
    ("is it the right kind of bill?", "是不是下载错了账单种类？"),
    ("is it the right sheet?", "是不是选错了工作表？"),
    ("is it a table at all?", "这是表格吗？"),
    ("is this the right column?", "是不是列错了？"),
    ("so a person must say what this row is", "需要人工确认这一行是什么"),
    ("say which day is compared", "请说明核对的是哪一天"),
    ("it is no CSV file with a header", "不是有表头的 CSV 文件"),
    ("what is wanted is CSV, XLSX, ZIP or GZIP", "请上传 CSV、XLSX、ZIP 或 GZIP"),
    ("a row moves money one way", "一行只能有一个方向"),
    ("name the right one in a layout", "请信息科在格式定义里指明正确的列"),
    ("the file was opened in a wrong encoding and saved so", "文件曾用错误的编码打开并保存"),
    ("give the one with the rows, or both in their archive", "请上传明细文件，或上传含两者的压缩包"),
    ("which no honest file of its size does", "这样大小的正常文件不会这样"),
    ("the file is shorter", "文件没有这么长"),
];

/// What is wrong. The first that fits is taken.
const PROBLEMS: &[(&str, &str)] = &[
    ("cannot be read a second time: {}", "第二次读取失败：{}"),
    ("cannot be read again: {}", "第二次读取失败：{}"),
    ("cannot be read: {}", "读取失败：{}"),
    ("cannot be opened: {}", "打不开：{}"),
    ("is not a readable ZIP file: it holds {} files", "压缩包里有 {} 个文件，太多了"),
    ("is not a readable ZIP file: {}", "不是可读的 ZIP 文件（{}）"),
    ("unpacks to more than {} bytes", "解压后超过 {} 字节，不予解压"),
    ("unpacks to more than {} MiB", "解压后超过 {} MiB，不予解压"),
    ("is longer than {} KiB", "这一行超过 {} KiB"),
    ("is larger than {} MiB", "超过 {} MiB"),
    ("is packed (ZIP, GZIP or an Excel workbook)", "是压缩文件（ZIP、GZIP 或 Excel 工作簿）"),
    ("is packed inside of packed files", "压缩包里还有压缩包"),
    ("is packed in a way that is not known ({})", "压缩方式不认识（{}）"),
    ("is protected by a password", "有密码保护"),
    ("is a damaged or cut-off archive ({})", "压缩包损坏或不完整（{}）"),
    ("is a damaged or cut-off {} file ({})", "{} 文件损坏或不完整（{}）"),
    ("is a damaged workbook ({})", "工作簿损坏（{}）"),
    ("is an archive without a file in it", "压缩包里没有文件"),
    ("holds several files ({})", "里面有几个文件（{}）"),
    ("holds {} files", "里面有 {} 个文件"),
    ("holds zero bytes", "含有空字节"),
    ("has no line break in its first {} KiB", "前 {} KiB 没有换行"),
    ("has no line with several headings in its first 50", "前 50 行里没有表头"),
    ("is empty", "是空的"),
    ("{} is empty", "{} 是空的"),
    ("is not a bill: it begins with {}", "不是账单，开头是 {}"),
    ("begins with {}, not with a header", "开头是 {}，不是表头"),
    ("begins with {}, not with {}", "开头是 {}，应是 {}"),
    ("begins with {} instead of {}", "开头是 {}，应是 {}"),
    ("the file ends before its totals", "没有到合计就结束了"),
    ("the file ends before its summary", "没有到汇总就结束了"),
    ("ends before its header", "没有到表头就结束了"),
    ("is cut short: the line {} is missing", "不完整，缺少“{}”一行"),
    ("is cut short: the row 合计 is missing", "不完整，缺少“合计”一行"),
    ("{} follows the summary", "汇总之后还有 {}"),
    ("follows the row of totals on line {}", "出现在第 {} 行的合计之后"),
    ("a row after the end of the rows", "在明细结束之后还有一行"),
    ("the header comes before the line #账号", "表头在“#账号”一行之前"),
    ("a comment among the rows; {} is wanted", "明细中间出现说明行，应是 {}"),
    ("is one comment more than the {} of any bill", "说明行超过 {} 行，没有这样的账单"),
    (
        "the header has no column {}, it has {}; is it the right file? Otherwise name the column in a layout, {}",
        "表头没有“{}”列，现有 {}；是不是传错了文件？如果没有错，请信息科在格式定义里指明这一列：{}",
    ),
    ("the header has no column {}, it has {}", "表头没有“{}”列，现有 {}"),
    ("the header has no column {} (only)", "表头没有“{}”列"),
    ("the header names {} twice", "表头有两个 {}"),
    ("stands in the header twice", "在表头出现两次"),
    ("is missing from the header", "表头缺少这一列"),
    ("the headings are garbled ({})", "表头是乱码（{}）"),
    ("has {} fields where the header has {}", "有 {} 个字段，表头有 {} 个"),
    (
        "has {} columns, {} are wanted, and its amounts and times fit in no place",
        "有 {} 列，应是 {} 列，金额和时间对不上位置",
    ),
    ("has {} columns, {} are wanted", "有 {} 列，应是 {} 列"),
    ("has commas inside its texts, and its columns can be read in two ways", "文字里有逗号，列有两种读法"),
    ("has more than {} columns", "超过 {} 列"),
    ("has more than {} rows", "超过 {} 行"),
    ("has {} bytes, at least {} are wanted", "有 {} 字节，至少应有 {} 字节"),
    ("has {} bytes and the lines before it have {}", "有 {} 字节，前面的行有 {} 字节"),
    ("is not where it has to be: no blank follows it", "位置不对，后面没有空格"),
    ("is an empty line", "是空行"),
    ("the totals have {} fields and their headings {}", "合计有 {} 个字段，其表头有 {} 个"),
    ("the totals do not have this column", "合计里没有这一列"),
    ("the totals say {} and there are {} rows", "合计写的是 {}，实有 {} 行"),
    ("the totals say {} rows and there are {}", "合计写的是 {} 行，实有 {} 行"),
    ("the totals say {} and the rows of {} make {}", "合计写的是 {}，“{}”各行相加是 {}"),
    ("the totals say {} and the rows make {}", "合计写的是 {}，各行相加是 {}"),
    ("the summary says {} and the lines make {}", "汇总写的是 {}，各行相加是 {}"),
    ("counts {} with {} yuan, but the rows are {} with {} yuan", "写的是 {} 笔 {} 元，明细是 {} 笔 {} 元"),
    (
        "合计 is {} payments, {} refunds, {} yuan, but the stores above it add up to {}, {} and {}",
        "合计是支付 {} 笔、退款 {} 笔、{} 元，各门店相加是 {} 笔、{} 笔、{} 元",
    ),
    ("is {}, but the detail has {}", "是 {}，明细是 {}"),
    ("is {}, but the detail adds up to {}", "是 {}，明细相加是 {}"),
    ("is {}, but amount and fee make {}", "是 {}，金额减手续费是 {}"),
    ("is a second row 合计", "是第二个“合计”行"),
    ("is a row of totals and has no sum that can be compared", "是合计行，但没有可核对的金额"),
    ("is a row of totals", "是合计行"),
    ("is the line of headings again", "表头又出现了一次"),
    ("is the headings of the totals, and more rows follow", "是合计的表头，后面却还有明细"),
    ("a quotation mark is not closed", "引号没有成对"),
    (
        "{} is not an amount in yuan with at most two decimals, such as 88.80",
        "{} 不是金额；应是最多两位小数的元，如 88.80",
    ),
    ("{} is not an amount in yuan with at most five decimals", "{} 不是金额；应是最多五位小数的元"),
    ("{} is not an amount in yuan", "{} 不是以元计的金额"),
    ("{} is not a whole number of fen", "{} 不是整数分"),
    ("{} is no amount in fen", "{} 不是以分计的金额"),
    ("{} is not a number of things", "{} 不是笔数"),
    ("is {}; a whole number is wanted", "是 {}，应是整数"),
    ("is {}; letters and digits are wanted", "是 {}，应是字母和数字"),
    ("is {}; C or D and 12 digits are wanted", "是 {}，应是 C 或 D 加 12 位数字"),
    ("is {}; {} digits are wanted", "是 {}，应是 {} 位数字"),
    ("is {}; 交易 or 退款 is wanted", "是 {}，应是“交易”或“退款”"),
    (
        "is {}; known are 01 (payment), 04 (refund) and 31 (reversal)",
        "是 {}；已知的是 01（支付）、04（退货）、31（撤销）",
    ),
    ("is C, money to the merchant, and the row is a refund", "是 C（商户收款），而这一行是退款"),
    ("has the wrong sign: payments are positive, refunds negative", "正负号不对：支付为正，退款为负"),
    ("{} is negative, and the row is a payment", "{} 是负数，而这一行是支付"),
    ("{} is negative in a column that has what went one way", "{} 是负数，而这一列只有一个方向"),
    ("{} stands beside money that came in on the same row", "{} 与同一行的收入并存"),
    ("either {} is positive or {} is negative, never both", "“{}”为正或“{}”为负，不会同时有"),
    ("{} is out of range", "{} 超出范围"),
    ("is out of range", "超出范围"),
    ("the sum is out of range", "合计超出范围"),
    ("{} is not a time such as 2026-11-25 08:30:00", "{} 不是时间；应如 2026-11-25 08:30:00"),
    ("is not a time of the form {}", "不是时间；应如 {}"),
    ("{} is not a time of the form {}", "{} 不是时间；应如 {}"),
    ("{} is neither a payment nor a refund", "{} 既不是支付也不是退款"),
    ("{} is no state that is known", "{} 不是已知的状态"),
    ("is a refund, and the file has no column for what was refunded", "是退款，而文件没有退款金额列"),
    ("{} was rounded by a spreadsheet", "{} 被表格软件改成了近似数"),
    (
        "the order number {} ends in zeros, as {} others do: a spreadsheet has rounded them to 15 digits",
        "单号 {} 末尾都是零（另有 {} 个也是）：表格软件把它们改成了 15 位近似数",
    ),
    (
        "the order number {} has something in or around it that is no part of a number",
        "单号 {} 含有不属于单号的字符",
    ),
    ("{} is too long for a number", "{} 太长，不像单号"),
    ("{} is not of {}, and neither is any other row", "{} 不是 {} 的，其他各行也都不是"),
    ("{} is too far from {}, which is compared", "{} 与所核对的 {} 相差太远"),
    (
        "is of the clearing day {}, by its name, and {} is compared",
        "按文件名是 {} 清算日的，而现在核对的是 {}",
    ),
    (
        "does not say its year, and its name is no longer INN<YYMMDD>88ZM_<merchant>",
        "文件里没有年份，文件名也不再是 INN<年月日>88ZM_<商户号>",
    ),
    ("is for {}, this channel is {}", "是 {} 的，本账户是 {}"),
    ("is a bill of another account than {}", "不是 {} 的账单"),
    ("was saved again as UTF-8", "被另存成了 UTF-8"),
    ("is not UTF-8 text; it must be kept as it was downloaded", "不是 UTF-8 文本；必须保持下载时的样子"),
    ("is neither UTF-8 nor GBK text", "既不是 UTF-8 也不是 GBK 文本"),
    ("is not UTF-16 text", "不是 UTF-16 文本"),
    ("is a web page with a table, whatever its name says", "其实是带表格的网页，不论文件名是什么"),
    ("is a workbook of the old kind (.xls)", "是旧格式工作簿（.xls）"),
    ("is a workbook without a sheet", "工作簿里没有工作表"),
    ("is a workbook that cannot be read ({})", "工作簿无法读取（{}）"),
    (
        "is a workbook, and no provider hands out its statement as one: give the file as it was downloaded, or say with a layout which column is which; `mingfen reconcile guess` proposes one",
        "是工作簿，而渠道不会这样给对账单：请上传下载时的原文件，或由信息科用格式定义说明各列（`mingfen reconcile guess` 可给出草稿）",
    ),
    ("has no sheet {}; there are {}", "没有工作表 {}，现有 {}"),
    ("stands behind later rows", "行的顺序不对"),
    ("is a PDF or a packed file of another kind", "是 PDF 或其他压缩文件"),
    (
        "is none of the kinds that are known by themselves ({}); it begins with {}. Say with a layout which column is which; `mingfen reconcile guess` proposes one",
        "不是能自动认出的种类（{}），开头是 {}。请信息科用格式定义说明各列（`mingfen reconcile guess` 可给出草稿）",
    ),
    (
        "is WeChat Pay's fund-flow bill (资金账单): movements of the balance, without our order numbers in every row. Give the trade bill (交易账单) of the day: {}",
        "是微信支付资金账单，只有余额变动，不是每行都有支付单号。请上传当天的交易账单：{}",
    ),
    (
        "is Alipay's account ledger (账务明细): movements of the balance with fees and withdrawals. Give the trade detail (业务明细) of the day: {}",
        "是支付宝账务明细，含手续费和提现等余额变动。请上传当天的业务明细：{}",
    ),
    ("holds no detail file", "压缩包里没有明细文件"),
    ("two files of the same title: {}", "有两个同样标题的文件：{}"),
    ("only goes with another file", "要和另一个文件一起才有用"),
    ("needs a temporary file, and it cannot be written: {}", "需要写临时文件，但写不进去：{}"),
    ("is not there", "不存在"),
];

/// The problem in Chinese; nothing when it is none that the tables know.
pub fn in_chinese(problem: &str) -> Option<String> {
    if let Some(known) = known(problem) {
        return Some(known);
    }
    for (advice, chinese) in ADVICE {
        let Some(rest) = problem.strip_suffix(advice) else { continue };
        if rest.is_empty() {
            return Some((*chinese).to_owned());
        }
        let before = ["; ", ", ", ": ", " and "].iter().find_map(|joint| rest.strip_suffix(joint));
        if let Some(before) = before.and_then(in_chinese) {
            return Some(format!("{before}；{chinese}"));
        }
    }
    None
}

/// The same of a whole message, `file, line 3, column 金额: problem`.
pub fn message_in_chinese(message: &str) -> Option<String> {
    message.match_indices(": ").find_map(|(at, joint)| {
        let problem = in_chinese(&message[at + joint.len()..])?;
        let (place, column) = match message[..at].split_once(", column ") {
            Some((place, column)) => (place, format!("“{column}”列")),
            None => (&message[..at], String::new()),
        };
        let line =
            place.rsplit_once(", line ").filter(|(_, line)| line.bytes().all(|byte| byte.is_ascii_digit()));
        Some(match line {
            Some((file, line)) => format!("{file} 第 {line} 行{column}：{problem}"),
            None => format!("{place} {column}：{problem}").replace(" ：", "："),
        })
    })
}

fn known(problem: &str) -> Option<String> {
    PROBLEMS.iter().find_map(|(pattern, chinese)| {
        let quoted = quoted(pattern, problem)?;
        let mut parts = chinese.split("{}");
        let mut said = parts.next().unwrap_or_default().to_owned();
        for (part, text) in parts.zip(quoted) {
            said.push_str(text);
            said.push_str(part);
        }
        Some(said)
    })
}

/// What stands in the places of a pattern, when the text is of that form. Advice is never part of what is quoted at the end.
fn quoted<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut quoted = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match (part.is_empty(), parts.peek()) {
            (true, None) => rest.len(),
            (_, None) => rest
                .len()
                .checked_sub(part.len())
                .filter(|at| rest.is_char_boundary(*at) && &rest[*at..] == part)?,
            (_, Some(_)) => rest.find(part)?,
        };
        let (inside, after) = rest.split_at(at);
        if inside.is_empty() || ADVICE.iter().any(|(advice, _)| inside.ends_with(advice)) {
            return None;
        }
        quoted.push(inside);
        rest = &after[part.len()..];
    }
    rest.is_empty().then_some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(text: &str) -> usize {
        text.matches("{}").count()
    }

    #[test]
    fn both_languages_quote_the_same() {
        for (english, chinese) in PROBLEMS {
            assert_eq!(slots(english), slots(chinese), "{english}");
        }
        for (english, chinese) in ADVICE {
            assert_eq!(slots(english) + slots(chinese), 0, "{english}");
        }
    }

    #[test]
    fn a_problem_and_what_to_do_are_said_one_after_the_other() {
        let said = |problem: &str| in_chinese(problem).unwrap_or_else(|| panic!("{problem}"));
        assert_eq!(
            said(
                "the totals say \"3\" and there are 2 rows; get the file again, unchanged; if it stays so, ask whoever made it"
            ),
            "合计写的是 \"3\"，实有 2 行；请重新取一份原文件，不要改动；如果还是这样，请问文件的提供方"
        );
        assert_eq!(
            said(
                "has 22 fields where the header has 27; the line is damaged, or a text in it holds a comma, get the file again, unchanged; if it stays so, ask whoever made it"
            ),
            "有 22 个字段，表头有 27 个；这一行有损坏，或文字里有逗号；请重新取一份原文件，不要改动；如果还是这样，请问文件的提供方"
        );
        assert_eq!(said("is empty; get the file again"), "是空的；请重新取一份原文件");
        assert_eq!(
            said("\"12O.00\" is not an amount in yuan with at most two decimals, such as 88.80"),
            "\"12O.00\" 不是金额；应是最多两位小数的元，如 88.80"
        );
        assert_eq!(
            message_in_chinese("his.csv, line 4, column 类型: \"冲正\" is neither a payment nor a refund; name it in a layout's [kinds]").as_deref(),
            Some("his.csv 第 4 行“类型”列：\"冲正\" 既不是支付也不是退款；请信息科在格式定义的 [kinds] 中说明")
        );
        assert_eq!(
            message_in_chinese("a.csv: is empty; get the file again").as_deref(),
            Some("a.csv：是空的；请重新取一份原文件")
        );
        assert_eq!(in_chinese("something that nobody has written yet"), None);
        assert_eq!(in_chinese(""), None);
    }
}
