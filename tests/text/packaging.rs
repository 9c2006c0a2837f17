//! What the program is made of, and as whom it runs in its image.

use std::{path::Path, process::Command};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_image_runs_as_a_user_that_is_not_root() {
    let text = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    // Of the last stage: the one that is shipped.
    let stage = text.rsplit("\nFROM ").next().unwrap();
    let users: Vec<&str> = stage.lines().filter_map(|line| line.strip_prefix("USER ")).map(str::trim).collect();
    let user = users.last().expect("the last stage names no user");
    let id = user.split(':').next().unwrap().parse::<u32>();
    assert!(
        id.as_ref().is_ok_and(|id| *id >= 1_000),
        "USER {user}: a number, so that Kubernetes sees that it is not root"
    );
    let starts = stage.find("\nUSER ").unwrap();
    for what in ["\nENTRYPOINT ", "\nCMD ", "\nVOLUME "] {
        assert!(stage.find(what).is_none_or(|at| at > starts), "{what:?} stands before USER");
    }
    assert!(stage.contains("--mode=0700 /data"), "the data folder is its own");
    for secret in ["PASSWORD", "SECRET", "TOKEN"] {
        assert!(!text.lines().any(|line| line.starts_with("ENV") && line.contains(secret)), "{secret} in the image");
    }
}

#[test]
fn the_bill_of_materials_names_what_is_compiled_in_with_licence_and_checksum() {
    let made = Command::new("python3")
        .args(["tests/supply_chain.py", "sbom"])
        .current_dir(root())
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bill: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!((bill["bomFormat"].as_str(), bill["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    let components = bill["components"].as_array().unwrap();
    let names: Vec<&str> = components.iter().map(|one| one["name"].as_str().unwrap()).collect();
    for name in ["actix-web", "sea-orm", "rustls", "ring", "lettre", "entity", "migration"] {
        assert!(names.contains(&name), "{name} is missing");
    }
    for name in ["proptest", "thirtyfour", "support", "tempfile"] {
        assert!(!names.contains(&name), "{name} is of the tests");
    }
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for one in components {
        let name = one["name"].as_str().unwrap();
        let licensed = one["licenses"].as_array().is_some_and(|all| !all.is_empty());
        assert!(
            licensed && one["version"].is_string() && one["purl"].as_str().is_some_and(|url| url.starts_with("pkg:")),
            "{one}"
        );
        if let Some(hash) = one["hashes"][0]["content"].as_str() {
            assert!(lock.contains(hash), "{name}: a checksum that the lock file has not");
        }
    }
    let hashed = components.iter().filter(|one| one["hashes"].is_array()).count();
    assert!(hashed * 10 > components.len() * 9, "{hashed} of {} with a checksum", components.len());
}
