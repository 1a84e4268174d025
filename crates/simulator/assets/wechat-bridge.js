// What the app's browser offers to pages, for pages that run in an ordinary browser against the simulator.
// The pay sheet is a page of the simulator: invoke() goes there and comes back with the outcome in the fragment.
(function () {
  'use strict';
  var base = document.currentScript.src.replace(/\/bridge\/wechat\.js.*$/, '');
  var required = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'];

  function outcome() {
    var match = /^#simpay=(ok|cancel|fail)$/.exec(location.hash);
    if (!match) { return null; }
    history.replaceState(null, '', location.pathname + location.search);
    return match[1];
  }

  function pay(params, callback) {
    var before = outcome();
    if (before) {
      callback({ err_msg: 'get_brand_wcpay_request:' + before });
      return;
    }
    var query = [];
    for (var i = 0; i < required.length; i += 1) {
      var value = params && params[required[i]];
      if (typeof value !== 'string' || value === '') {
        callback({ err_msg: 'get_brand_wcpay_request:fail', err_desc: '缺少参数 ' + required[i] });
        return;
      }
      query.push(required[i] + '=' + encodeURIComponent(value));
    }
    query.push('back=' + encodeURIComponent(location.href.split('#')[0]));
    location.href = base + '/sheet/wechat?' + query.join('&');
  }

  window.WeixinJSBridge = {
    invoke: function (name, params, callback) {
      var done = typeof callback === 'function' ? callback : function () {};
      if (name === 'getBrandWCPayRequest') {
        pay(params, done);
      } else {
        done({ err_msg: name + ':fail', err_desc: 'the simulator knows only getBrandWCPayRequest' });
      }
    },
    call: function () {},
    on: function () {}
  };

  // Not before the page's own scripts have run, so that they can listen first, as they have to in the app.
  function announce() { document.dispatchEvent(new Event('WeixinJSBridgeReady')); }
  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', announce);
  } else {
    setTimeout(announce, 0);
  }
}());
