"""The same comparison in Polars: two threads, streaming, group and full join. usage: polars_join.py BILL HIS OUT"""
import os
import sys

os.environ["POLARS_MAX_THREADS"] = "2"
import polars as pl

bill, his, out = sys.argv[1:4]
KEY = ["order_no", "kind", "refund_no"]


def text(name):
    return pl.col(name).str.slice(1)


def grouped(frame, *more):
    return frame.group_by(KEY).agg(pl.len().alias("n"), pl.col("fen").min(), pl.col("day").min(), *more)


def fen(column):
    return (column.cast(pl.Float64) * 100).round().cast(pl.Int64).abs()


is_payment = pl.col("交易状态") == "`SUCCESS"
channel = (
    pl.scan_csv(bill, infer_schema=False, quote_char=None, truncate_ragged_lines=True)
    .filter(pl.col("商户订单号").is_not_null() & pl.col("交易时间").str.starts_with("`") & pl.col("申请退款金额").is_not_null())
    .select(
        text("商户订单号").alias("order_no"),
        pl.when(is_payment).then(pl.lit("payment")).otherwise(pl.lit("refund")).alias("kind"),
        pl.when(is_payment).then(pl.lit("")).otherwise(text("商户退款单号")).alias("refund_no"),
        fen(pl.when(is_payment).then(text("订单金额")).otherwise(text("申请退款金额"))).alias("fen"),
        pl.col("交易时间").str.slice(1, 10).alias("day"),
    )
)
ledger = pl.scan_csv(his, infer_schema=False).select(
    pl.col("商户订单号").alias("order_no"),
    pl.when(pl.col("类型") == "支付").then(pl.lit("payment")).otherwise(pl.lit("refund")).alias("kind"),
    pl.col("退款单号").fill_null("").alias("refund_no"),
    fen(pl.col("金额")).alias("fen"),
    pl.col("记账时间").str.slice(0, 10).alias("day"),
    pl.col("状态").alias("state"),
)
joined = grouped(channel).join(
    grouped(ledger, pl.col("state").min()), on=KEY, how="full", coalesce=True, suffix="_his"
)
refund = pl.col("kind") == "refund"
category = (
    pl.when(pl.col("n_his").is_null())
    .then(pl.when(refund).then(pl.lit("refund_missing_in_his")).otherwise(pl.lit("channel_only")))
    .when(pl.col("n").is_null())
    .then(pl.when(refund).then(pl.lit("refund_missing_in_channel")).otherwise(pl.lit("his_only")))
    .when(pl.col("n") > 1).then(pl.lit("duplicate_in_channel"))
    .when(pl.col("n_his") > 1).then(pl.lit("duplicate_in_his"))
    .when(pl.col("fen") > pl.col("fen_his")).then(pl.lit("amount_over"))
    .when(pl.col("fen") < pl.col("fen_his")).then(pl.lit("amount_under"))
    .when(pl.col("state") == "作废").then(pl.lit("status_mismatch"))
    .when(pl.col("day") != pl.col("day_his")).then(pl.lit("cross_day"))
)
(
    joined.with_columns(category.alias("category"))
    .filter(pl.col("category").is_not_null())
    .select("category", "order_no", "refund_no")
    .collect(engine="streaming")
    .write_csv(out, include_header=False)
)
