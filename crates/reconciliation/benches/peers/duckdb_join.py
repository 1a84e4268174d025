"""The same comparison in DuckDB: two threads, group and full join. usage: duckdb_join.py BILL HIS OUT"""
import sys
import duckdb

bill, his, out = sys.argv[1:4]
db = duckdb.connect()
db.execute("SET threads = 2; SET preserve_insertion_order = false")
names = open(bill, encoding="utf-8-sig").readline().strip().split(",")
columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
db.execute(f"""
COPY (
  WITH channel AS (
    SELECT substr(商户订单号, 2) AS order_no,
           CASE 交易状态 WHEN '`SUCCESS' THEN '' ELSE substr(商户退款单号, 2) END AS refund_no,
           CASE 交易状态 WHEN '`SUCCESS' THEN 'payment' ELSE 'refund' END AS kind,
           CASE 交易状态 WHEN '`SUCCESS' THEN CAST(substr(订单金额, 2) AS DECIMAL(15, 2))
                                         ELSE CAST(substr(申请退款金额, 2) AS DECIMAL(15, 2)) END AS yuan,
           substr(交易时间, 2, 10) AS day
    FROM read_csv('{bill}', header = true, auto_detect = false, delim = ',', quote = '', escape = '',
                  columns = {columns}, ignore_errors = true)
    WHERE 交易时间[1] = '`' AND 商户订单号 IS NOT NULL
  ), his AS (
    SELECT 商户订单号 AS order_no, coalesce(退款单号, '') AS refund_no,
           CASE 类型 WHEN '支付' THEN 'payment' ELSE 'refund' END AS kind,
           abs(CAST(金额 AS DECIMAL(15, 2))) AS yuan, 记账时间[:10] AS day, 状态 AS state
    FROM read_csv('{his}', header = true, auto_detect = false, delim = ',', quote = '"',
                  columns = {{'流水号': 'VARCHAR', '类型': 'VARCHAR', '商户订单号': 'VARCHAR', '退款单号': 'VARCHAR',
                  '渠道交易号': 'VARCHAR', '金额': 'VARCHAR', '记账时间': 'VARCHAR', '状态': 'VARCHAR', '科室': 'VARCHAR',
                  '收费员': 'VARCHAR', '就诊卡号': 'VARCHAR', '备注': 'VARCHAR'}})
  ), c AS (
    SELECT order_no, kind, refund_no, count(*) AS n, min(yuan) AS yuan, min(day) AS day FROM channel GROUP BY ALL
  ), h AS (
    SELECT order_no, kind, refund_no, count(*) AS n, min(yuan) AS yuan, min(day) AS day, min(state) AS state
    FROM his GROUP BY ALL
  ), j AS (
    SELECT coalesce(c.order_no, h.order_no) AS order_no, coalesce(c.refund_no, h.refund_no) AS refund_no,
           CASE
             WHEN h.n IS NULL THEN CASE c.kind WHEN 'refund' THEN 'refund_missing_in_his' ELSE 'channel_only' END
             WHEN c.n IS NULL THEN CASE h.kind WHEN 'refund' THEN 'refund_missing_in_channel' ELSE 'his_only' END
             WHEN c.n > 1 THEN 'duplicate_in_channel'
             WHEN h.n > 1 THEN 'duplicate_in_his'
             WHEN c.yuan > h.yuan THEN 'amount_over'
             WHEN c.yuan < h.yuan THEN 'amount_under'
             WHEN h.state = '作废' THEN 'status_mismatch'
             WHEN c.day <> h.day THEN 'cross_day'
           END AS category
    FROM c FULL JOIN h USING (order_no, kind, refund_no)
  )
  SELECT category, order_no, refund_no FROM j WHERE category IS NOT NULL
) TO '{out}' (HEADER false)
""")
