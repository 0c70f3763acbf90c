//! The figures, printed as a table.

use std::fs;

#[derive(Default)]
pub struct Table(Vec<[String; 3]>);

impl Table {
    pub fn add(&mut self, what: &str, figure: String, target: &str) {
        eprintln!("  {what}: {figure} (target {target})");
        self.0.push([what.to_owned(), figure, target.to_owned()]);
    }

    pub fn print(&self) {
        println!("\n{}\n", machine());
        println!("| what | figure | target |\n| --- | --- | --- |");
        for [what, figure, target] in &self.0 {
            println!("| {what} | {figure} | {target} |");
        }
    }
}

/// The machine in a line.
fn machine() -> String {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = file("/proc/cpuinfo");
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = file("/proc/meminfo");
    let kib: u64 = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0);
    let kernel = file("/proc/sys/kernel/osrelease");
    format!("{cores} cores of {model}, {} GiB, Linux {}", kib.div_ceil(1024 * 1024), kernel.trim())
}

/// The value below which `percent` of the samples lie.
pub fn percentile(samples: &mut [f64], percent: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let at = ((samples.len() as f64 * percent / 100.0).ceil() as usize).clamp(1, samples.len().max(1)) - 1;
    samples.get(at).copied().unwrap_or(f64::NAN)
}

pub fn ms(value: f64) -> String {
    format!("{value:.1} ms")
}
