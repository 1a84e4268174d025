// What the app's browser offers to pages, for pages that run in an ordinary browser against the simulator.
// The pay sheet is a page of the simulator: call() goes there and comes back with the outcome in the fragment.
(function () {
  'use strict';
  var base = document.currentScript.src.replace(/\/bridge\/alipay\.js.*$/, '');
  var codes = { ok: '9000', cancel: '6001', fail: '4000' };

  function outcome() {
    // Control may have the app say any of its codes, whatever happened on the sheet.
    var match = /^#simpay=(ok|cancel|fail|[0-9]{1,4})$/.exec(location.hash);
    if (!match) { return null; }
    history.replaceState(null, '', location.pathname + location.search);
    return codes[match[1]] || match[1];
  }

  window.AlipayJSBridge = {
    call: function (name, params, callback) {
      var done = typeof callback === 'function' ? callback : function () {};
      if (name !== 'tradePay') {
        done({ error: 1, errorMessage: 'the simulator knows only tradePay' });
        return;
      }
      var before = outcome();
      var number = params && params.tradeNO;
      if (before) {
        done({ resultCode: before });
      } else if (typeof number !== 'string' || number === '') {
        done({ resultCode: '4000', memo: '缺少参数 tradeNO' });
      } else {
        var back = encodeURIComponent(location.href.split('#')[0]);
        location.href = base + '/sheet/alipay?tradeNO=' + encodeURIComponent(number) + '&back=' + back;
      }
    }
  };

  // Not before the page's own scripts have run, so that they can listen first, as they have to in the app.
  function announce() { document.dispatchEvent(new Event('AlipayJSBridgeReady')); }
  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', announce);
  } else {
    setTimeout(announce, 0);
  }
}());
