//! What the sides of the benchmark of decoding said, and the tables of it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The rows, and of those that decode the batch.
const ROWS: [(&str, Option<f64>); 4] =
    [("prefill 512", None), ("decode 1", Some(1.0)), ("decode 8", Some(8.0)), ("decode 32", Some(32.0))];
/// Tokens that a prefill reads, and those behind which a step decodes, in the mean.
const PREFILL: f64 = 512.0;
const CONTEXT: f64 = 144.0;
const COLUMNS: [(&str, &str); 5] = [
    ("engine", "engine"),
    ("bare", "bare model"),
    ("torch", "PyTorch"),
    ("hf", "generate"),
    ("llama", "llama.cpp"),
];
const NOTES: &str = "\
Tokens/s, the best of all rounds; behind +- how far the worst round of a side was from its best. llama.cpp computes in the
file's precision, the others in f32.";
const FLOOR_NOTES: &str = "\
The floor is the longer of two times: that of reading the weights, and the keys and values, once at the measured bandwidth,
and that of the products with the weights at the rate of a large product, ours or PyTorch's.";

/// All figures, by row and column; of every round one.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<(String, String), Vec<f64>>);

impl Figures {
    /// Takes a side's row up.
    pub(super) fn take(&mut self, row: &Value) {
        let (Some(name), Some(columns)) = (row["row"].as_str(), row.as_object()) else { return };
        for (column, value) in columns {
            if let Some(value) = value.as_f64() {
                self.0.entry((name.to_owned(), column.clone())).or_default().push(value);
            }
        }
    }

    fn all(&self, row: &str, column: &str) -> &[f64] {
        self.0.get(&(row.to_owned(), column.to_owned())).map_or(&[], Vec::as_slice)
    }

    fn best(&self, row: &str, column: &str) -> Option<f64> {
        self.all(row, column).iter().copied().reduce(f64::max)
    }

    /// How far the worst round was from the best, in percent of it.
    fn spread(&self, row: &str, column: &str) -> Option<f64> {
        let worst = self.all(row, column).iter().copied().reduce(f64::min)?;
        Some(100.0 * (1.0 - worst / self.best(row, column)?))
    }

    fn ratio(&self, row: &str, column: &str) -> String {
        match (self.best(row, column), self.best(row, "torch")) {
            (Some(ours), Some(torch)) => format!("{:.2}", ours / torch),
            _ => "-".to_owned(),
        }
    }

    /// All of it.
    pub(super) fn table(&self) -> String {
        [self.rates(), NOTES.to_owned(), self.floors(), FLOOR_NOTES.to_owned(), self.sharing()].join("\n")
    }

    fn rates(&self) -> String {
        let mut out = format!("{:<14}", "tokens/s");
        for (_, name) in COLUMNS {
            out.push_str(&format!("{name:>17}"));
        }
        out.push_str(&format!("{:>16}{:>14}\n", "engine/PyTorch", "bare/PyTorch"));
        for (row, _) in ROWS {
            out.push_str(&format!("{row:<14}"));
            for (column, _) in COLUMNS {
                let cell = match (self.best(row, column), self.spread(row, column)) {
                    (Some(best), Some(spread)) => format!("{best:.1} +-{spread:.0}%"),
                    _ => "-".to_owned(),
                };
                out.push_str(&format!("{cell:>17}"));
            }
            out.push_str(&format!("{:>16}{:>14}\n", self.ratio(row, "engine"), self.ratio(row, "bare")));
        }
        out
    }

    /// The machine's floor of each row, and how near the sides come to it.
    fn floors(&self) -> String {
        let of = |column| self.best("machine", column);
        let (Some(bandwidth), Some(flops), Some(weights), Some(head), Some(cache)) =
            (of("bandwidth"), of("flops"), of("weight_bytes"), of("head_bytes"), of("cache_bytes_a_token"))
        else {
            return String::new();
        };
        let peak = flops.max(of("torch_flops").unwrap_or(0.0));
        let mut out = format!(
            "\nmemory {:.1} GB/s; a large product {:.0} GFLOP/s, on PyTorch {:.0}; weights {:.0} MB\n",
            bandwidth / 1e9,
            flops / 1e9,
            of("torch_flops").unwrap_or(0.0) / 1e9,
            weights / 1e6,
        );
        out.push_str(&format!(
            "{:<14}{:>12}{:>16}{:>10}{:>15}{:>10}{:>15}\n",
            "ms", "bytes", "operations", "floor", "bare model", "share", "PyTorch share"
        ));
        for (row, batch) in ROWS {
            let tokens = batch.unwrap_or(PREFILL);
            // The head serves one token of a text that is read.
            let operations = match batch {
                Some(batch) => 2.0 * weights / 4.0 * batch,
                None => 2.0 * ((weights - head) / 4.0 * PREFILL + head / 4.0),
            };
            let bytes = weights + batch.map_or(0.0, |batch| batch * CONTEXT * cache);
            let (read, computed) = (1e3 * bytes / bandwidth, 1e3 * operations / peak);
            let floor = read.max(computed);
            let time = |column| self.best(row, column).map(|rate| 1e3 * tokens / rate);
            let shown = |time: Option<f64>| time.map_or("-".to_owned(), |time| format!("{time:.1}"));
            let share =
                |column| time(column).map_or("-".to_owned(), |time| format!("{:.0}%", 100.0 * floor / time));
            out.push_str(&format!(
                "{row:<14}{read:>12.1}{computed:>16.1}{floor:>10.1}{:>15}{:>10}{:>15}\n",
                shown(time("bare")),
                share("bare"),
                share("torch"),
            ));
        }
        out
    }

    fn sharing(&self) -> String {
        let least = |row: &str, column: &str| self.all(row, column).iter().copied().reduce(f64::min);
        let mut out = String::new();
        for (title, counted, rows) in [
            ("8 requests behind a prompt of 512 tokens", "computed", ["shared", "not shared"]),
            ("32 requests of 8 to 64 tokens, 8 at a time", "passes", ["continuous", "static"]),
        ] {
            let heads = ["seconds", counted];
            out.push_str(&format!("\n{title:<46}{:>10}{:>10}\n", heads[0], heads[1]));
            for row in rows {
                let (seconds, count) = (least(row, "seconds"), least(row, counted));
                if let (Some(seconds), Some(count)) = (seconds, count) {
                    out.push_str(&format!("{row:<46}{seconds:>10.2}{count:>10.0}\n"));
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn figures() -> Figures {
        let mut figures = Figures::default();
        for row in [
            json!({"row": "decode 8", "engine": 90.0, "bare": 95.0}),
            json!({"row": "decode 8", "engine": 80.0, "bare": 100.0}),
            json!({"row": "decode 8", "torch": 200.0}),
            json!({"row": "machine", "bandwidth": 10e9, "flops": 50e9, "weight_bytes": 500e6, "head_bytes": 100e6,
                   "cache_bytes_a_token": 0.0}),
            json!({"row": "machine", "torch_flops": 100e9}),
            json!({"row": "shared", "seconds": 2.5, "computed": 768}),
        ] {
            figures.take(&row);
        }
        figures
    }

    #[test]
    fn the_best_round_counts() {
        let table = figures().table();
        let row = table.lines().find(|line| line.starts_with("decode 8")).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(
            cells,
            ["decode", "8", "90.0", "+-11%", "100.0", "+-5%", "200.0", "+-0%", "-", "-", "0.45", "0.50"]
        );
    }

    #[test]
    fn the_floor_is_the_longer_time() {
        let floors = figures().floors();
        let row = floors.lines().find(|line| line.starts_with("decode 8")).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        // 500 MB at 10 GB/s; 125 million products of two numbers for 8 rows at 100 GFLOP/s; 8 tokens in 80 ms.
        assert_eq!(cells, ["decode", "8", "50.0", "20.0", "50.0", "80.0", "62%", "125%"]);
    }

    #[test]
    fn what_sharing_saves_is_told() {
        assert!(
            figures()
                .table()
                .contains("shared                                              2.50       768\n")
        );
    }
}
