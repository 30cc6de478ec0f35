//! Files with a digest in them, put right after a change: otherwise every change would end at the digest.

use heart_darts::beat::Made;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The length of a safetensors header, and the header.
fn header(data: &[u8]) -> Option<(usize, Value)> {
    let size = usize::try_from(u64::from_le_bytes(data.get(..8)?.try_into().ok()?)).ok()?;
    let text = data.get(8..8usize.checked_add(size)?)?;
    Some((8 + size, serde_json::from_slice(text).ok()?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tensor file of ours with the digest of what it holds. `None` where it holds nothing that has one.
pub fn tensors(data: &[u8]) -> Option<Vec<u8>> {
    let tensors = safetensors::SafeTensors::deserialize(data).ok()?;
    let (start, mut json) = header(data)?;
    let ours = json["__metadata__"]["heart-darts"].as_str()?;
    let mut ours: Value = serde_json::from_str(ours).ok()?;
    let mut sha = Sha256::new();
    let mut part = |bytes: &[u8]| {
        sha.update((bytes.len() as u64).to_le_bytes());
        sha.update(bytes);
    };
    part(ours["state"].as_str()?.as_bytes());
    let mut digests: Vec<_> = ours["digests"].as_object().into_iter().flatten().collect();
    digests.sort_by_key(|(field, _)| *field);
    for (field, digest) in digests {
        part(field.as_bytes());
        part(digest.as_str()?.as_bytes());
    }
    let mut views: Vec<_> = tensors.iter().collect();
    views.sort_by_key(|(name, _)| *name);
    for (name, view) in views {
        part(name.as_bytes());
        part(format!("{:?}", view.shape()).as_bytes());
        part(view.data());
    }
    ours["sha256"] = json!(hexadecimal(&sha.finalize()));
    json["__metadata__"]["heart-darts"] = json!(ours.to_string());
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    bytes.extend_from_slice(data.get(start..)?);
    Some(bytes)
}

/// A checkpoint with its digest put right, and the log that stands behind it.
pub fn checkpoint_and_log(data: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (start, json) = header(data)?;
    let ends = json.as_object()?.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
    let end = start.checked_add(usize::try_from(ends.max().unwrap_or(0)).ok()?)?;
    Some((tensors(data.get(..end)?)?, &data[end..]))
}

/// A cache of beats that says it was made of this, with the digest of what it holds, its header as the program writes it.
pub fn cache(data: &[u8], made: &Made) -> Option<Vec<u8>> {
    let (start, json) = header(data)?;
    let text = json["__metadata__"]["heart-darts beats"].as_str()?;
    let mut description: Value = serde_json::from_str(text).ok()?;
    let content = data.get(start..)?;
    description["key"] = json!(made.key());
    description["digests"] = json!(made.digests());
    description["content"] = json!(hexadecimal(&Sha256::digest(content)));
    let number = |name: &str| description[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let (beats, leads, samples) = (number("beats")?, number("leads")?, number("samples")?);
    let values = beats.checked_mul(leads)?.checked_mul(samples)?.checked_mul(4)?;
    let sizes = [beats.checked_mul(8)?, values, beats.checked_mul(4)?, beats];
    let mut end = 0usize;
    let mut tensor = |dtype: &str, shape: Value, size: usize| {
        let start = end;
        end = end.checked_add(size)?;
        Some(json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] }).to_string())
    };
    // The order of keys is that of the struct, which a map of ours would not keep.
    let keys = ["key", "digests", "content", "database", "frequency", "beats", "leads", "samples", "records"];
    let pairs: Vec<String> = keys.iter().map(|key| format!("{}:{}", json!(key), ordered(&description[*key]))).collect();
    let mut header = format!(
        r#"{{"__metadata__":{{"heart-darts beats":{}}},"position":{},"values":{},"record":{},"classes":{}}}"#,
        json!(format!("{{{}}}", pairs.join(","))),
        tensor("U64", json!([beats]), sizes[0])?,
        tensor("F32", json!([beats, leads, samples]), sizes[1])?,
        tensor("U32", json!([beats]), sizes[2])?,
        tensor("U8", json!([beats]), sizes[3])?,
    )
    .into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend_from_slice(content);
    Some(bytes)
}

/// The keys of a record and of digests, in the order in which the program writes them.
const ORDER: [&str; 7] = ["name", "subject", "published", "description", "preprocessing", "records", "version"];

/// JSON whose objects have the keys of [`ORDER`] in that order.
fn ordered(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(ordered).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let known = ORDER.into_iter().filter(|key| map.contains_key(*key));
            let pairs: Vec<String> = known.map(|key| format!("{}:{}", json!(key), ordered(&map[key]))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        Value::Number(number) if number.as_u64().is_none() => {
            number.as_f64().map_or("null".into(), |number| json!(number).to_string())
        }
        other => other.to_string(),
    }
}
