//! Bitmaps without jagged edges: drawn larger, then averaged.

/// How many times larger a bitmap is drawn in each direction.
pub const OVERSAMPLING: u32 = 2;

/// Each pixel the mean of [`OVERSAMPLING`]² ones: `large` is `[height][width][3]` bytes, and so is what comes back, with its
/// width and height.
pub fn average(large: &[u8], (width, height): (usize, usize)) -> (Vec<u8>, (u32, u32)) {
    let n = OVERSAMPLING as usize;
    let mut small = Vec::with_capacity(large.len() / (n * n));
    for y in 0..height / n {
        for x in 0..width / n {
            for channel in 0..3 {
                let pixels = (0..n * n).map(|i| large[3 * ((n * y + i / n) * width + n * x + i % n) + channel]);
                small.push((pixels.map(u32::from).sum::<u32>() / (n * n) as u32) as u8);
            }
        }
    }
    (small, ((width / n) as u32, (height / n) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_its_square() {
        let n = OVERSAMPLING as usize;
        // Two pixels side by side: all of the left one's are red, half of the right one's green.
        let row = |_| (0..2 * n).flat_map(|x| if x < n { [200, 0, 0] } else { [0, 100 * (x % 2) as u8, 0] });
        let large: Vec<u8> = (0..n).flat_map(row).collect();
        let (small, size) = average(&large, (2 * n, n));
        assert_eq!(size, (2, 1));
        assert_eq!(small[..3], [200, 0, 0]);
        let green = (n * (0..n).filter(|x| (n + x) % 2 == 1).count() * 100 / (n * n)) as u8;
        assert_eq!(small[3..], [0, green, 0]);
    }
}
