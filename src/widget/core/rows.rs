//! Which rows of many are in the page: heights as measured, guessed until then, and what keeps its place when they
//! turn out different.

use std::ops::Range;

/// The most rows in the page at once.
pub const MOST: usize = 60;
/// How far beyond what is in sight rows are drawn, in pixels.
const BEYOND: f64 = 600.0;
/// The height of a row that nobody has measured, in pixels.
const GUESS: f64 = 72.0;

/// The heights of all rows, in pixels.
#[derive(Clone, Default, Debug)]
pub struct Rows {
    heights: Vec<Option<f64>>,
    /// The sum and number of those measured: what the others are guessed by.
    sum: f64,
    measured: u32,
}

impl Rows {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.heights.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heights.is_empty()
    }

    /// Adds rows at the beginning, as an older page does.
    pub fn prepend(&mut self, count: usize) {
        self.heights.splice(0..0, std::iter::repeat_n(None, count));
    }

    /// Makes it `count` rows; new ones come at the end.
    pub fn resize(&mut self, count: usize) {
        for gone in self.heights.get(count..).unwrap_or_default().iter().flatten() {
            self.sum -= gone;
            self.measured -= 1;
        }
        self.heights.resize(count, None);
    }

    /// A row's height, as far as it is known.
    pub fn height(&self, row: usize) -> f64 {
        self.heights.get(row).copied().flatten().unwrap_or_else(|| self.guess())
    }

    fn guess(&self) -> f64 {
        if self.measured == 0 { GUESS } else { self.sum / f64::from(self.measured) }
    }

    /// Takes a measured height; answers by how much the row grew.
    pub fn measure(&mut self, row: usize, height: f64) -> f64 {
        let before = self.height(row);
        if let Some(old) = self.heights.get_mut(row) {
            self.sum += height - old.unwrap_or(0.0);
            self.measured += u32::from(old.is_none());
            *old = Some(height);
        }
        height - before
    }

    /// The height of the rows before one.
    pub fn top(&self, row: usize) -> f64 {
        let guess = self.guess();
        self.heights.iter().take(row).map(|height| height.unwrap_or(guess)).sum()
    }

    /// The row at a height, and how far into it that is.
    pub fn at(&self, offset: f64) -> (usize, f64) {
        let guess = self.guess();
        let mut left = offset.max(0.0);
        for (row, height) in self.heights.iter().enumerate() {
            let height = height.unwrap_or(guess);
            if left < height {
                return (row, left);
            }
            left -= height;
        }
        (self.len().saturating_sub(1), left)
    }

    /// The rows to draw where `view` pixels from `offset` are in sight: those, some before and after, at most [`MOST`].
    pub fn window(&self, offset: f64, view: f64) -> Range<usize> {
        let (first, _) = self.at(offset);
        let (mut start, _) = self.at(offset - BEYOND);
        let (last, _) = self.at(offset + view + BEYOND);
        let mut end = (last + 1).min(self.len());
        if end - start > MOST {
            // What is in sight goes first, with a quarter of the rest before it.
            let (seen, _) = self.at(offset + view);
            let spare = MOST.saturating_sub((seen + 1).saturating_sub(first));
            start = first - (spare / 4).min(first - start);
            end = (start + MOST).min(end);
        }
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_ten_thousand_rows_at_most_sixty_are_drawn_wherever_one_looks() {
        let mut rows = Rows::default();
        rows.resize(10_000);
        for row in 0..10_000 {
            rows.measure(row, 20.0 + (row % 7) as f64 * 30.0);
        }
        let whole = rows.top(10_000);
        for step in 0..2000 {
            let offset = whole / 2000.0 * f64::from(step);
            let window = rows.window(offset, 500.0);
            let last = rows.at((offset + 500.0).min(whole - 1.0)).0;
            assert!(window.len() <= MOST && window.contains(&rows.at(offset).0) && window.contains(&last), "{offset}");
        }
    }

    proptest! {
        /// What is in sight is drawn, and stays where it is when rows above it turn out to have other heights.
        #[test]
        fn what_is_in_sight_keeps_its_place(
            heights in prop::collection::vec(24.0..400.0_f64, 1..300), part in 0.0..1.0_f64, older in 0_usize..100,
        ) {
            let mut rows = Rows::default();
            rows.resize(heights.len());
            let offset = rows.top(rows.len()) * part;
            let (row, into) = rows.at(offset);
            prop_assert!(rows.window(offset, 500.0).contains(&row));
            prop_assert!((rows.top(row) + into - offset).abs() < 1e-6);
            for (row, height) in heights.iter().enumerate() {
                rows.measure(row, *height);
            }
            rows.prepend(older);
            // The anchor is row and distance: what a caller scrolls to is there.
            let scrolled = rows.top(row + older) + into.min(rows.height(row + older) - 0.5);
            prop_assert_eq!(rows.at(scrolled).0, row + older);
            prop_assert_eq!(rows.len(), heights.len() + older);
            rows.resize(1);
            prop_assert!(rows.measured <= 1);
        }

        #[test]
        fn a_window_is_never_out_of_range(count in 0_usize..200, offset in -1000.0..100_000.0_f64, view in 0.0..5000.0_f64) {
            let mut rows = Rows::default();
            rows.resize(count);
            let window = rows.window(offset, view);
            prop_assert!(window.start <= window.end && window.end <= count && window.len() <= MOST);
        }
    }
}
