/* Opens the provider's sheet from inside its app. Whatever the sheet answers, the truth is on the result page.
   Without script, or when the bridge never comes, the page has a button and a link that lead there. */
(function () {
  "use strict";
  var page = document.querySelector("[data-bridge]");
  if (!page) return;
  var call = JSON.parse(page.getAttribute("data-call"));
  var bridges = {
    wechat: {
      name: "WeixinJSBridge",
      ready: "WeixinJSBridgeReady",
      open: function (bridge, done) { bridge.invoke("getBrandWCPayRequest", call, done); },
      left: function (answer) { return answer.err_msg === "get_brand_wcpay_request:cancel"; }
    },
    alipay: {
      name: "AlipayJSBridge",
      ready: "AlipayJSBridgeReady",
      open: function (bridge, done) { bridge.call("tradePay", call, done); },
      left: function (answer) { return String(answer.resultCode) === "6001"; }
    }
  };
  var kind = bridges[page.getAttribute("data-bridge")];
  if (!kind) return;

  var open = false;
  /* An answer that says "cancelled" is a hint, no more: that address asks the provider before it says anything. */
  function done(answer) {
    open = false;
    location.replace(page.getAttribute(kind.left(answer || {}) ? "data-left" : "data-result"));
  }
  function pay() {
    if (open || !window[kind.name]) return;
    open = true;
    kind.open(window[kind.name], done);
  }

  var button = document.querySelector("[data-open]");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", function () { open = false; pay(); });
  }
  if (window[kind.name]) pay();
  else document.addEventListener(kind.ready, pay, false);
}());
