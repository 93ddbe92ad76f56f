-- Asks Hallpass whether a request may go on: http-request lua.hallpass PATH. Sets txn.hallpass to
-- "let-in" if it may, and otherwise gives Hallpass's answer to the client.

local hallpass = "http://127.0.0.1:8080"
local timeout_ms = 5000
local asked_with = { "authorization", "cookie", "origin", "user-agent", "accept",
    "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-websocket-version", "upgrade" }
local identity = { "x-auth-subject", "x-auth-username", "x-auth-roles" }
local answered_with = { "location", "set-cookie", "www-authenticate", "cache-control",
    "content-type", "retry-after" }

-- HAProxy counts the values of a header from 0.
local function first(headers, name)
    return headers and headers[name] and headers[name][0]
end

local function question(txn)
    local headers = {
        ["x-forwarded-for"] = { txn.sf:src() },
        ["x-forwarded-proto"] = { "https" },
        ["x-forwarded-host"] = { txn.sf:req_fhdr("host") },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-method"] = { txn.sf:method() },
    }
    local received = txn.http:req_get_headers()
    for _, name in ipairs(asked_with) do
        local values = {}
        for index = 0, #(received[name] or {}) do
            table.insert(values, received[name] and received[name][index])
        end
        if #values > 0 then headers[name] = values end
    end
    return headers
end

local function hand_back(txn, answer)
    local reply = txn:reply { status = answer.status }
    for _, name in ipairs(answered_with) do
        for index = 0, #(answer.headers[name] or {}) do
            local value = answer.headers[name] and answer.headers[name][index]
            if value then reply:add_header(name, value) end
        end
    end
    reply:set_body(answer.body or "")
    txn:done(reply)
end

local function ask(txn, path)
    local url = hallpass .. path
    local headers = question(txn)
    local answer = core.httpclient():get { url = url, headers = headers, timeout = timeout_ms }
    -- Without an answer, HAProxy's next rule refuses the request.
    if not answer or not answer.status or answer.status == 0 or answer.status >= 500 then return end
    if answer.status ~= 200 then return hand_back(txn, answer) end
    for _, name in ipairs(identity) do
        txn.http:req_set_header(name, first(answer.headers, name) or "")
    end
    local cookie = first(answer.headers, "set-cookie")
    if cookie then txn:set_var("txn.guard_cookie", cookie) end
    txn:set_var("txn.hallpass", "let-in")
end

core.register_action("hallpass", { "http-req" }, ask, 1)
