#!/usr/bin/env bash
# Fills corpus/ with the golden files, one folder a target. What a fuzzer found before stays.
#
#   crates/reconciliation/fuzz/seed.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
files=../../cli/tests/files

seed() {
  mkdir -p "corpus/$1"
  cp "${@:2}" "corpus/$1/"
}

seed wechat_trades "$files"/wechat-{all,success,refund}.csv ../../providers/testdata/wechat/v9-trades-all.csv
seed wechat_fund_flow "$files"/wechat-fund-flow.csv
seed alipay_detail "$files"/alipay-detail.csv
seed alipay_summary "$files"/alipay-summary.csv
seed alipay_fund_flow "$files"/alipay-account.csv
seed unionpay_zm "$files"/INN*
seed layout ../layouts/his.toml "$files"/his-tabs.toml
seed csv_by_layout "$files"/his.csv "$files"/his-tabs-gbk.txt "$files"/alipay-detail.csv
seed container "$files"/*.zip "$files"/*.gz "$files"/*.xlsx
seed guess "$files"/his.csv "$files"/his-tabs-gbk.txt "$files"/his.xlsx "$files"/alipay-detail.csv
# The parts of a workbook with a zero byte between, as the target takes them.
mkdir -p corpus/workbook
for book in "$files"/his*.xlsx; do
  {
    unzip -p "$book" xl/worksheets/sheet1.xml
    printf '\0'
    unzip -p "$book" xl/styles.xml
    printf '\0<sst><si><t>HOSP1</t></si></sst>'
  } > "corpus/workbook/$(basename "$book").parts"
done
# Texts that are shared, errors, booleans, and numbers that are dates only by their column.
{
  printf '<worksheet><sheetData>'
  printf '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
  printf '<row r="2"><c r="A2" t="s"><v>3</v></c><c r="B2"><v>88.5</v></c><c r="C2"><v>46086.4</v></c></row>'
  printf '<row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" t="str"><f>A1</f><v>x</v></c></row>'
  printf '</sheetData></worksheet>\0<styleSheet/>\0'
  printf '<sst><si><t>商户订单号</t></si><si><t>金额</t></si><si><r><t>记账</t></r><r><t>时间</t></r></si><si><t>HOSP1</t></si></sst>'
} > corpus/workbook/shared.parts
# iconv is everywhere; what Excel calls "Unicode text".
iconv -f UTF-8 -t UTF-16LE "$files"/his.csv | { printf '\377\376'; cat; } > corpus/container/his-utf16.txt
for provider in wechat alipay unionpay; do
  cp "../../providers/src/$provider/statement/layout.toml" "corpus/layout/$provider.toml"
done
