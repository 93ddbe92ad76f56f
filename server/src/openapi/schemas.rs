//! The schemas of bodies, from the contract's types.

use hallpass_contract::{
    AdminUserBody, AuditPage, BlockBody, BlockList, Credentials, FactorList, Health, Login,
    NewBlock, NewPasskey, PasskeyBody, PasskeyLogin, PasskeyName, PasskeyOptions, PasskeyUser,
    PasswordChange, PasswordReset, Problem, Protected, PublicConfig, Reauthentication,
    RecoveryCodes, RegistrationChange, ResetLink, ResetList, RotatedKey, SecondFactor, SessionList,
    TotpConfirmation, TotpSetup, UserBody, UserPage, UserPatch, Verified,
};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::proof::password::{MAX_CHARS, Policy};

/// The body of a registration: [`Credentials`] with a password that follows the policy.
pub(super) const REGISTRATION: &str = "Registration";

/// A JWK set.
pub(super) const JWK_SET: &str = "JwkSet";

/// A reference to one of the schemas.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// All schemas, by name.
pub(super) fn schemas(policy: Policy) -> Map<String, Value> {
    let mut schemas = Map::new();
    add::<Credentials>(&mut schemas);
    let registration = registration(&schemas["Credentials"]);
    schemas.insert(REGISTRATION.to_owned(), registration);
    add::<Login>(&mut schemas);
    add::<Reauthentication>(&mut schemas);
    add::<SecondFactor>(&mut schemas);
    add::<FactorList>(&mut schemas);
    add::<PasskeyUser>(&mut schemas);
    add::<PasskeyOptions>(&mut schemas);
    add::<PasskeyLogin>(&mut schemas);
    add::<NewPasskey>(&mut schemas);
    add::<PasskeyName>(&mut schemas);
    add::<PasskeyBody>(&mut schemas);
    add::<TotpSetup>(&mut schemas);
    add::<TotpConfirmation>(&mut schemas);
    add::<RecoveryCodes>(&mut schemas);
    add::<PasswordChange>(&mut schemas);
    add::<PasswordReset>(&mut schemas);
    add::<UserBody>(&mut schemas);
    add::<SessionList>(&mut schemas);
    add::<Verified>(&mut schemas);
    add::<Protected>(&mut schemas);
    add_for_admins(&mut schemas);
    add::<PublicConfig>(&mut schemas);
    add::<Health>(&mut schemas);
    add::<Problem>(&mut schemas);
    password_or_passkey(&mut schemas["Reauthentication"]);
    one_factor(&mut schemas["SecondFactor"]);
    for answer in ["RecoveryCodes", "PasskeyBody"] {
        perhaps_login(&mut schemas[answer]);
    }
    schemas.insert(JWK_SET.to_owned(), jwk_set());
    schemas.extend(super::oauth_schemas::schemas().map(|(name, schema)| (name.to_owned(), schema)));
    for (schema, field) in [
        (REGISTRATION, "password"),
        ("PasswordChange", "new_password"),
        ("PasswordReset", "new_password"),
    ] {
        apply(policy, &mut schemas[schema]["properties"][field]);
    }
    schemas
}

fn add_for_admins(schemas: &mut Map<String, Value>) {
    add::<UserPage>(schemas);
    add::<UserPatch>(schemas);
    add::<AdminUserBody>(schemas);
    add::<ResetLink>(schemas);
    add::<ResetList>(schemas);
    add::<RotatedKey>(schemas);
    add::<RegistrationChange>(schemas);
    add::<BlockList>(schemas);
    add::<BlockBody>(schemas);
    add::<NewBlock>(schemas);
    add::<AuditPage>(schemas);
}

/// Adds a type's schema and those that it refers to.
fn add<T: ToSchema>(schemas: &mut Map<String, Value>) {
    let mut all: Vec<(String, RefOr<Schema>)> = vec![(T::name().into(), T::schema())];
    T::schemas(&mut all);
    for (name, schema) in all {
        schemas.insert(name, json!(schema));
    }
}

/// Of the three factors there is one, which is not null.
fn one_factor(schema: &mut Value) {
    let mut one_of = Vec::new();
    for (factor, kind) in [("totp", "string"), ("recovery_code", "string"), ("passkey", "object")] {
        schema["properties"][factor]["type"] = kind.into();
        one_of.push(json!({ "required": [factor] }));
    }
    schema["oneOf"] = one_of.into();
}

/// To whoever had to set up a second factor first, it is the answer of a login, too.
fn perhaps_login(schema: &mut Value) {
    let no_login = json!({ "not": { "required": ["access_token"] } });
    schema["anyOf"] = json!([no_login, reference("Login")]);
}

/// A password, perhaps with one code; or a challenge and a passkey.
fn password_or_passkey(schema: &mut Value) {
    let fields = |password: &str, challenge: &str, passkey: &str| {
        json!({
            "password": { "type": password },
            "challenge": { "type": challenge },
            "passkey": { "type": passkey }
        })
    };
    schema["oneOf"] = json!([
        { "required": ["password"], "properties": fields("string", "null", "null") },
        {
            "required": ["challenge", "passkey"],
            "properties": fields("null", "string", "object")
        }
    ]);
    schema["not"] = json!({ "required": ["totp", "recovery_code"] });
}

fn registration(credentials: &Value) -> Value {
    let mut registration = credentials.clone();
    registration["description"] = "The body of a registration.".into();
    registration
}

/// Applies as much of the policy as a schema can express. A password that is too easy to guess or
/// has forbidden characters still gets a 422.
fn apply(policy: Policy, password: &mut Value) {
    password["minLength"] = policy.min_chars.into();
    password["maxLength"] = MAX_CHARS.into();
    password["examples"] = json!([long_enough(policy, "correct horse battery staple")]);
}

/// Makes the passwords of an example as long as the policy demands.
pub(super) fn suit(policy: Policy, example: &mut Value) {
    for field in ["password", "current_password", "new_password"] {
        if let Some(password) = example.get_mut(field) {
            *password = long_enough(policy, password.as_str().unwrap_or_default()).into();
        }
    }
}

fn long_enough(policy: Policy, password: &str) -> String {
    let more = ["glacier", "lantern", "orbit", "velvet", "pepper", "canyon", "ribbon", "falcon"];
    let mut password = password.to_owned();
    for word in more.iter().cycle() {
        if password.chars().count() >= policy.min_chars {
            break;
        }
        password = [&password, *word].join(" ");
    }
    password
}

fn jwk_set() -> Value {
    let text = |text: &str| json!({ "type": "string", "description": text });
    let key = json!({
        "type": "object",
        "description": "A public key (RFC 7517 section 4); the other members depend on `kty`.",
        "required": ["kty", "use", "alg", "kid"],
        "properties": {
            "kty": text("`OKP`, `EC` or `RSA`."),
            "use": text("Always `sig`."),
            "alg": text("The one algorithm that the key is good for."),
            "kid": text("The key's id, which the header of a token names: its RFC 7638 thumbprint."),
        },
    });
    json!({
        "type": "object",
        "description": "A JWK set (RFC 7517 section 5): the key that signs, the next one, which \
                        signs after a rotation, and those before for as long as tokens of theirs \
                        may be valid.",
        "required": ["keys"],
        "properties": { "keys": { "type": "array", "items": key } },
    })
}
