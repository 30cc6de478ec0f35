use candle_core::{Device, Tensor, Var};
use heart_darts::compute::{self, Options};
use heart_darts::support::random::Generator;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() * 1e-9
}
fn main() {
    compute::prepare();
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().unwrap();
    let mut g = Generator::new(1);
    let mut var = |shape: &[usize], s: f64| {
        let v: Vec<f32> = (0..shape.iter().product()).map(|_| (s * g.normal()) as f32).collect();
        Var::from_tensor(&Tensor::from_vec(v, shape, &Device::Cpu).unwrap()).unwrap()
    };
    let only = std::env::args().nth(1);
    for (c, l, stride) in [(16, 75, 1), (32, 75, 2), (32, 38, 1), (64, 38, 2), (64, 19, 1)] {
        if only.as_ref().is_some_and(|o| *o != format!("{c}-{stride}")) {
            continue;
        }
        let (s0, s1) = (var(&[100, l, c], 1.0), var(&[100, l, c], 1.0));
        let w = var(&[14 * 74, c, c], 0.05);
        let p = var(&[14, 10], 0.1);
        let lo = (l - 1) / stride + 1;
        let flop = 2.0 * 100.0 * lo as f64 * 74.0 * (c * c) as f64 * 14.0;
        for wg in [false, true] {
            let options = Options { stride, weight_gradient: wg, ..Options::default() };
            let (mut fw, mut bw) = (f64::MAX, f64::MAX);
            for _ in 0..if only.is_some() { 20 } else { 5 } {
                let t = cpu();
                let y = compute::mixed_cell([s0.as_tensor(), s1.as_tensor()], &[], &w, &p, &options).unwrap().0;
                let t1 = cpu();
                let _g = y.backward().unwrap();
                let t2 = cpu();
                fw = fw.min(t1 - t);
                bw = bw.min(t2 - t1);
            }
            println!(
                "{c} ch {l} stride {stride} wg {wg}: forward {:.1} ms = {:.0} GF/s, backward {:.1} ms = {:.0} GF/s",
                fw * 1e3,
                flop / fw * 1e-9,
                bw * 1e3,
                flop * if wg { 2.0 } else { 1.0 } / bw * 1e-9
            );
        }
    }
}
