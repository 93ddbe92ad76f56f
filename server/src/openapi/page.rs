//! Shows the document as an HTML page, without a script.

use hallpass_contract::{page, path};
use serde_json::Value;

use super::curl::curl;
use super::fields::{fields, kind_of, schemas};
use super::html::Html;
use super::json::{body, list, referred, str};

/// The methods and paths of the document, in the order of the page.
type Order = [(&'static str, &'static str)];

/// The page of a server below the path `base`.
pub(super) fn page(document: &Value, order: &Order, base: &str) -> String {
    let mut html = Html::default();
    head(&mut html, base);
    contents(&mut html, document, order);
    html.raw("<main id=\"main\">\n");
    let info = &document["info"];
    html.raw("<p class=\"version\">Version ").text(str(&info["version"]));
    html.raw(", also as an <a href=\"").text(base).text(path::OPENAPI);
    html.raw("\">OpenAPI document</a></p>\n");
    html.prose(str(&info["description"]));
    examples(&mut html, document);
    for tag in list(&document["tags"]) {
        let name = str(&tag["name"]);
        html.raw("<section aria-labelledby=\"").text(name).raw("\">\n<h2 id=\"").text(name);
        html.raw("\">").text(name).raw("</h2>\n").prose(str(&tag["description"]));
        for (method, path) in of_tag(document, order, name) {
            operation(&mut html, document, method, path);
        }
        html.raw("</section>\n");
    }
    schemas(&mut html, &document["components"]["schemas"]);
    html.raw("</main>\n</body>\n</html>\n");
    html.finish()
}

fn head(html: &mut Html, base: &str) {
    html.raw(HEAD).text(base).text(path::DOCS_STYLE).raw("\">\n</head>\n<body>\n");
    html.raw("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
    html.raw("<header><h1>Hallpass API</h1><a href=\"").text(base).text(page::HOME);
    html.raw("\">To the sign-in page</a></header>\n");
}

const HEAD: &str = r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Hallpass API</title>
<link rel="stylesheet" href=""##;

fn of_tag<'a>(
    document: &'a Value,
    order: &'a Order,
    tag: &'a str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_of = move |(method, path): &(&str, &str)| {
        document["paths"][path][method]["tags"][0].as_str() == Some(tag)
    };
    order.iter().copied().filter(is_of)
}

fn contents(html: &mut Html, document: &Value, order: &Order) {
    html.raw("<nav aria-label=\"Contents\">\n<ul>\n");
    for tag in list(&document["tags"]) {
        let name = str(&tag["name"]);
        html.raw("<li><a href=\"#").text(name).raw("\">").text(name).raw("</a>\n<ul>\n");
        for (method, path) in of_tag(document, order, name) {
            let operation = &document["paths"][path][method];
            html.raw("<li><a href=\"#").text(str(&operation["operationId"])).raw("\">");
            badge(html, method);
            html.raw(" ").text(str(&operation["summary"])).raw("</a></li>\n");
        }
        html.raw("</ul></li>\n");
    }
    html.raw("<li><a href=\"#schemas\">Schemas</a></li>\n</ul>\n</nav>\n");
}

fn badge(html: &mut Html, method: &str) {
    html.raw("<span class=\"method ").text(method).raw("\">");
    html.text(&method.to_uppercase()).raw("</span>");
}

/// What the examples require.
fn examples(html: &mut Html, document: &Value) {
    let url = str(&document["servers"][0]["url"]);
    let url = if url == "/" { "http://127.0.0.1:8080" } else { url };
    html.raw("<p>In the examples, <code>$url</code> is the server, <code>$token</code> an access ");
    html.raw("token, <code>$cookie</code> a refresh token, <code>$client</code> and <code>$secret</code> an OAuth client, <code>$id</code> and <code>$session</code> ids:</p>\n");
    html.raw("<pre tabindex=\"0\"><code>url=").text(url).raw("</code></pre>\n");
}

fn operation(html: &mut Html, document: &Value, method: &str, path: &str) {
    let operation = &document["paths"][path][method];
    let id = str(&operation["operationId"]);
    html.raw("<article>\n<h3 id=\"").text(id).raw("\"><a href=\"#").text(id).raw("\">");
    html.text(str(&operation["summary"])).raw("</a></h3>\n<p class=\"route\">");
    badge(html, method);
    html.raw(" ").code(path).raw("</p>\n").prose(str(&operation["description"]));
    needs(html, operation);
    let parameters = list(&operation["parameters"]);
    if !parameters.is_empty() {
        html.raw("<h4>Parameters</h4>\n<dl>\n");
        parameters.iter().for_each(|parameter| self::parameter(html, parameter));
        html.raw("</dl>\n");
    }
    if let Some(name) = body(operation).and_then(|(_, body)| referred(&body["schema"])) {
        html.raw("<h4>Body: ").link_to("schema-", name, name).raw("</h4>\n");
        fields(html, &document["components"]["schemas"][name]);
    }
    html.raw("<h4>Answers</h4>\n<dl>\n");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        self::answer(html, status, answer);
    }
    html.raw("</dl>\n<h4>Example</h4>\n<pre tabindex=\"0\"><code>");
    html.text(&curl(method, path, operation, &document["components"]["securitySchemes"]))
        .raw("</code></pre>\n</article>\n");
}

fn needs(html: &mut Html, operation: &Value) {
    let fresh = operation["x-fresh"] == true;
    let mut needs: Vec<String> = Vec::new();
    for way in list(&operation["security"]) {
        for (scheme, roles) in way.as_object().into_iter().flatten() {
            let mut need = match (scheme.as_str(), fresh) {
                ("accessToken", true) => "a fresh access token".to_owned(),
                ("accessToken", false) => "an access token".to_owned(),
                ("clientSecret", _) => "a client and its secret".to_owned(),
                _ => "the refresh cookie".to_owned(),
            };
            for role in list(roles) {
                need += &format!(" of a user with the role `{}`", str(role));
            }
            needs.push(need);
        }
    }
    let needs = if needs.is_empty() { "nothing".to_owned() } else { needs.join(" or ") };
    html.raw("<p class=\"needs\"><strong>Needs</strong> ").line(&needs).raw("</p>\n");
}

fn parameter(html: &mut Html, parameter: &Value) {
    html.raw("<dt>").code(str(&parameter["name"])).raw(" <span class=\"type\">");
    html.text(str(&parameter["in"])).raw(", ");
    kind_of(html, &parameter["schema"]);
    let required = parameter["required"] == true;
    html.raw(if required { ", required" } else { "" }).raw("</span></dt>\n<dd>");
    html.line(str(&parameter["description"])).raw("</dd>\n");
}

fn answer(html: &mut Html, status: &str, answer: &Value) {
    html.raw("<dt>").code(status);
    for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
        html.raw(" <span class=\"type\">");
        match referred(&content["schema"]) {
            Some(name) => html.link_to("schema-", name, name),
            None => html.text(media_type),
        };
        html.raw("</span>");
    }
    html.raw("</dt>\n<dd>");
    html.prose(str(&answer["description"]));
    let headers: Vec<&String> =
        answer["headers"].as_object().into_iter().flat_map(|headers| headers.keys()).collect();
    for (n, name) in headers.into_iter().enumerate() {
        html.raw(if n == 0 { "<p class=\"type\">With " } else { ", " }).code(name);
    }
    html.raw(if answer["headers"].is_object() { "</p></dd>\n" } else { "</dd>\n" });
}
