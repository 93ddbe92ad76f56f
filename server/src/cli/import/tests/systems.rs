//! Files of other systems.

use super::*;
use crate::cli::import::records::{FACTORS_LEFT_OUT, Found, UNCONFIRMED};

const BCRYPT: &str = "$2b$04$PIEiyzRVV8SC2ELp7WOHfuvVe1qegD8Lobfj39vqMaFtITsT7/O62";

/// The format that is recognized, and the users.
fn all(text: impl Into<Vec<u8>>) -> (Source, Vec<Result<Found, String>>) {
    let (source, mut records) = recognized(text, None).unwrap();
    let users = std::iter::from_fn(|| records.next().unwrap()).map(|(_, found)| found);
    (source, users.collect())
}

fn roles(found: &Found) -> Vec<&str> {
    found.record.roles.iter().flatten().map(String::as_str).collect()
}

/// By the documentation of Keycloak 26, with credentials that its algorithms make.
const KEYCLOAK: &str = r#"{
  "id" : "shop", "realm" : "shop", "enabled" : true,
  "users" : [ {
    "id" : "c1", "createdTimestamp" : 1709208000123, "username" : "ada", "enabled" : true,
    "email" : "ada@example.org", "emailVerified" : false,
    "credentials" : [ {
      "id" : "x", "type" : "password", "createdDate" : 1709208000123,
      "secretData" : "{\"value\":\"pP3Tx7NILbDNdwtD7CB6zKAR7SPC0ZFe7Ul6zf4y9HzdC57uFWHBoutr4gGTtVTGHNt8NKGTOhkG9TOgSDi4Dw==\",\"salt\":\"1Al11+JqXfVkFt1W4YP4Tw==\",\"additionalParameters\":{}}",
      "credentialData" : "{\"hashIterations\":1000,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"
    }, {
      "id" : "y", "type" : "otp",
      "secretData" : "{\"value\":\"12345678901234567890\"}",
      "credentialData" : "{\"subType\":\"totp\",\"digits\":6,\"counter\":0,\"period\":30,\"algorithm\":\"HmacSHA1\"}"
    } ],
    "requiredActions" : [ "UPDATE_PASSWORD" ],
    "realmRoles" : [ "default-roles-shop", "offline_access", "editor", "Store Manager" ],
    "groups" : [ ]
  }, {
    "username" : "bob", "enabled" : false,
    "credentials" : [ {
      "type" : "password",
      "secretData" : "{\"value\":\"cE3mLHc933iTrM2CULK5Qn4aKS0OVVIAA7s4rRj3sKw=\",\"salt\":\"1Al11+JqXfVkFt1W4YP4Tw==\"}",
      "credentialData" : "{\"hashIterations\":1,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"256\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"
    }, {
      "type" : "otp",
      "secretData" : "{\"value\":\"12345678901234567890\"}",
      "credentialData" : "{\"subType\":\"totp\",\"digits\":8,\"period\":30,\"algorithm\":\"HmacSHA256\"}"
    } ],
    "realmRoles" : [ "admin" ]
  }, {
    "username" : "carl", "credentials" : [ ], "federatedIdentities" : [ { "identityProvider" : "google" } ]
  },
  {
    "username" : "service-account-shop", "serviceAccountClientId" : "shop"
  }, {
    "username" : "dora", "credentials" : [ {
      "type" : "password", "secretData" : "{\"value\":\"AAAA\",\"salt\":\"AAAA\"}",
      "credentialData" : "{\"hashIterations\":1,\"algorithm\":\"scrypt-legacy\"}" } ]
  } ]
}
"#;

#[test]
fn a_realm_export_of_keycloak_is_read() {
    let (source, users) = all(KEYCLOAK);
    assert_eq!(source, Source::Keycloak);
    let [ada, bob, carl] = [0, 1, 2].map(|n| users[n].clone().unwrap());
    assert_eq!(
        ada.record.password_hash.expose(),
        "$pbkdf2-sha256$1000$1Al11.JqXfVkFt1W4YP4Tw$pP3Tx7NILbDNdwtD7CB6zKAR7SPC0ZFe7Ul6zf4y9HzdC57uFWHBoutr4gGTtVTGHNt8NKGTOhkG9TOgSDi4Dw"
    );
    assert_eq!(ada.record.created_at.unwrap().to_string(), "2024-02-29T12:00:00.123Z");
    assert_eq!(ada.record.totp_secret.unwrap().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_eq!(ada.record.roles.unwrap(), ["user", "editor"]);
    assert!(ada.remarks.contains(&UNCONFIRMED) && !ada.remarks.contains(&FACTORS_LEFT_OUT));
    for told in ["a role is left out", "required actions"] {
        assert!(ada.remarks.iter().any(|remark| remark.contains(told)), "{:?}", ada.remarks);
    }
    assert_eq!(
        bob.record.password_hash.expose(),
        "$argon2id$v=19$m=256,t=1,p=1$1Al11+JqXfVkFt1W4YP4Tw$cE3mLHc933iTrM2CULK5Qn4aKS0OVVIAA7s4rRj3sKw"
    );
    assert!(bob.record.disabled && !ada.record.disabled);
    assert_eq!(roles(&bob), ["user", "admin"]);
    assert_eq!(bob.record.totp_secret, None);
    assert!(bob.remarks.contains(&FACTORS_LEFT_OUT));
    assert!(bob.remarks.iter().any(|remark| remark.contains("the role admin")));
    assert_eq!(carl.record.password_hash.expose(), "!");
    assert!(users[3].as_ref().unwrap_err().contains("client add"));
    assert!(users[4].as_ref().unwrap_err().contains("algorithm"));
}

#[test]
fn a_document_tells_the_user_and_the_line() {
    let read = read(KEYCLOAK, None);
    let spots: Vec<String> = read.iter().map(|(spot, _)| spot.to_string()).collect();
    assert_eq!(spots[0], "user 1 (line 3)");
    assert_eq!(spots[3], "user 4 (line 33)");
    let one_line = KEYCLOAK.replace('\n', "");
    let users = all(one_line).1;
    assert_eq!(users, all(KEYCLOAK).1, "however it is laid out");
}

#[test]
fn what_auth0_exports_is_read_with_hashes_and_without() {
    let lines = format!(
        "{{\"user_id\":\"auth0|1\",\"email\":\"ada@example.org\",\"email_verified\":true,\
         \"created_at\":\"2024-02-29T12:00:00.123Z\",\"blocked\":true}}\n\
         {{\"_id\":{{\"$oid\":\"1\"}},\"email\":\"bob@example.org\",\"email_verified\":false,\
         \"passwordHash\":\"{BCRYPT}\",\"app_metadata\":{{\"roles\":[\"editor\"]}},\
         \"created_at\":{{\"$date\":\"2024-02-29T12:00:00Z\"}}}}\n\
         {{\"username\":\"carl\",\"email\":\"carl@example.org\",\"multifactor\":[\"guardian\"],\
         \"custom_password_hash\":{{\"algorithm\":\"bcrypt\",\"hash\":{{\"value\":\"{BCRYPT}\"}}}}}}\n\
         {{\"email\":\"dora@example.org\",\"custom_password_hash\":{{\"algorithm\":\"md5\",\
         \"hash\":{{\"value\":\"x\"}}}}}}\n{{\"user_id\":\"sms|1\"}}\n"
    );
    let array = format!("[\n{}\n]", lines.trim_end().replace('\n', ",\n"));
    for text in [lines, array] {
        let (source, users) = all(text);
        assert_eq!(source, Source::Auth0);
        let [ada, bob, carl] = [0, 1, 2].map(|n| users[n].clone().unwrap());
        assert_eq!((ada.record.username.as_str(), ada.record.disabled), ("ada@example.org", true));
        assert_eq!(ada.record.password_hash.expose(), "!");
        assert_eq!(ada.record.created_at.unwrap().to_string(), "2024-02-29T12:00:00.123Z");
        assert_eq!(bob.record.password_hash.expose(), BCRYPT);
        assert_eq!(
            (roles(&bob), bob.remarks.as_slice()),
            (vec!["user", "editor"], &[UNCONFIRMED][..])
        );
        assert_eq!(
            (carl.record.username.as_str(), carl.record.password_hash.expose()),
            ("carl", BCRYPT)
        );
        assert_eq!(carl.remarks, [FACTORS_LEFT_OUT]);
        assert!(users[3].as_ref().unwrap_err().contains("only bcrypt and argon2"));
        assert!(users[4].as_ref().unwrap_err().contains("username"));
    }
}

const FIREBASE: &str = r#"{"users": [
{
  "localId": "a", "email": "user1@example.org", "emailVerified": true,
  "passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
  "salt": "42xEC+ixf3L2lw==", "createdAt": "1709208000123", "disabled": true,
  "customAttributes": "{\"roles\":[\"editor\"]}", "providerUserInfo": []
},
{ "localId": "b", "phoneNumber": "+15551234567" },
{ "localId": "c" }
]}"#;

#[test]
fn what_firebase_exports_is_read_with_the_parameters_of_the_project() {
    let (source, users) = all(FIREBASE);
    assert_eq!(source, Source::Firebase);
    assert!(users[0].as_ref().unwrap_err().contains("--firebase-hash-config"));
    assert_eq!(users[1].as_ref().unwrap().record.password_hash.expose(), "!");
    assert!(users[2].as_ref().unwrap_err().contains("anonymous"));

    let project = FirebaseProject::parse(
        "base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\n\
         base64_salt_separator: Bw==,\nrounds: 8,\nmem_cost: 14,\n",
    );
    let input = input::utf8(io::Cursor::new(FIREBASE)).unwrap();
    let (_, mut records) = recognized::records(input, None, project.ok()).unwrap();
    let user = records.next().unwrap().unwrap().1.unwrap();
    assert!(user.record.password_hash.expose().starts_with("$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,"));
    assert!(user.record.password_hash.expose().ends_with("Ruid5lQ=="));
    assert!(user.record.disabled);
    assert_eq!(roles(&user), ["user", "editor"]);
    assert_eq!(user.record.created_at.unwrap().to_string(), "2024-02-29T12:00:00.123Z");
}

#[test]
fn the_table_of_supabase_is_read() {
    let (source, users) = all(format!(
        "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,created_at,\
         raw_app_meta_data,phone,banned_until,deleted_at,is_anonymous\n\
         0,1,a,authenticated,ada@example.org,{BCRYPT},2024-02-29 12:00:00+00,2024-02-29 \
         12:00:00.123456+00,\"{{\"\"provider\"\": \"\"email\"\", \"\"roles\"\": [\"\"editor\"\"]}}\",,,,f\n\
         0,2,a,authenticated,bob@example.org,,,,,,2030-01-01 00:00:00+00,,f\n\
         0,3,a,authenticated,,,,,,15551234567,,,f\n\
         0,4,a,authenticated,,,,,,,,,t\n\
         0,5,a,authenticated,x@example.org,{BCRYPT},,,,,,2024-01-01 00:00:00+00,f\n"
    ));
    assert_eq!(source, Source::Supabase);
    let [ada, bob, phone] = [0, 1, 2].map(|n| users[n].clone().unwrap());
    assert_eq!(ada.record.password_hash.expose(), BCRYPT);
    assert_eq!((roles(&ada), ada.remarks.len()), (vec!["user", "editor"], 0));
    assert_eq!(ada.record.created_at.unwrap().to_string(), "2024-02-29T12:00:00.123Z");
    assert!(bob.record.disabled && bob.remarks.contains(&UNCONFIRMED));
    assert_eq!(bob.record.password_hash.expose(), "!");
    assert_eq!(phone.record.username, "15551234567");
    assert!(users[3].as_ref().unwrap_err().contains("anonymous"));
    assert!(users[4].as_ref().unwrap_err().contains("deleted"));
}

#[test]
fn the_tables_of_pocketbase_old_and_new_are_read() {
    for (header, name) in [
        ("id,created,updated,username,email,passwordHash,tokenKey,verified", "ada,ada@example.org"),
        ("id,created,updated,name,email,password,tokenKey,verified", "Ada L,ada"),
    ] {
        let row = format!("x,2024-02-29 12:00:00.123Z,y,{name},{BCRYPT},secret,0\n");
        let (source, users) = all(format!("{header}\n{row}"));
        assert_eq!(source, Source::Pocketbase);
        let user = users[0].clone().unwrap();
        assert_eq!((user.record.username.as_str(), user.remarks), ("ada", vec![UNCONFIRMED]));
        assert_eq!(user.record.password_hash.expose(), BCRYPT);
        assert_eq!(user.record.created_at.unwrap().to_string(), "2024-02-29T12:00:00.123Z");
    }
}

#[test]
fn the_table_of_django_is_read() {
    let (source, users) = all(format!(
        "id,password,last_login,is_superuser,username,email,is_staff,is_active,date_joined\n\
         1,{HASH},,1,ada,,1,1,2024-02-29 12:00:00.123456\n2,!abc,,0,bob,,0,0,2024-02-29 12:00:00\n"
    ));
    assert_eq!(source, Source::Django);
    let [ada, bob] = [0, 1].map(|n| users[n].clone().unwrap());
    assert_eq!((ada.record.disabled, roles(&ada)), (false, vec!["user", "admin"]));
    assert_eq!(ada.record.password_hash.expose(), HASH);
    assert_eq!((bob.record.disabled, roles(&bob)), (true, vec!["user"]));
    assert_eq!(bob.record.password_hash.expose(), "!abc");
}

#[test]
fn an_htpasswd_file_is_read() {
    let text = format!("# staff\n\nada:{BCRYPT}\nbob:$apr1$0adzfifw$14h:a comment\nno colon\n");
    let (source, users) = all(text);
    assert_eq!(source, Source::Htpasswd);
    assert_eq!(users[0].as_ref().unwrap().record.password_hash.expose(), BCRYPT);
    assert_eq!(users[1].as_ref().unwrap().record.password_hash.expose(), "$apr1$0adzfifw$14h");
    assert!(users[2].as_ref().unwrap_err().contains("colon"));
}

#[test]
fn utf_16_and_tabs_are_read_as_excel_writes_them() {
    let text = format!("\u{feff}username\tpassword_hash\r\nZoë\t{HASH}\r\n");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (source, users) = all(utf16);
    assert_eq!(source, Source::Csv);
    assert_eq!(users[0].as_ref().unwrap().record.username, "Zoë");
}

#[test]
fn a_format_that_was_given_must_be_the_one_that_is_there() {
    for (given, text) in [
        (Source::Supabase, format!("username,password_hash\nada,{HASH}\n")),
        (Source::Csv, "ada:$2y$10$x\n".to_owned()),
        (Source::Keycloak, "username,password_hash\n".to_owned()),
    ] {
        assert!(recognized(text, Some(given)).is_err(), "{given:?}");
    }
    let django = "username,password,is_superuser\n";
    assert_eq!(recognized(django, Some(Source::Csv)).unwrap().0, Source::Django);
    let own = format!("username,password_hash\nada,{HASH}\n");
    let refused = recognized(own, Some(Source::Django)).err().unwrap().to_string();
    assert_eq!(
        refused,
        "it is CSV with the columns of hallpass, not the table auth_user of Django"
    );
}
