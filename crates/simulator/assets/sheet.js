// Fills the cells without a round trip; without this script each key is a form of its own.
(function () {
  'use strict';
  var form = document.querySelector('form.pad');
  if (!form) { return; }
  var cells = document.querySelectorAll('.cells i');
  var status = document.querySelector('[role=status]');
  var entered = document.querySelectorAll('.cells .is-full').length;

  function show() {
    for (var i = 0; i < cells.length; i += 1) { cells[i].className = i < entered ? 'is-full' : ''; }
    status.textContent = '已输入 ' + entered + ' 位，共 6 位';
  }

  function press(key) {
    if (entered >= cells.length) { return; }
    entered = key === 'back' ? Math.max(0, entered - 1) : entered + 1;
    show();
    if (entered < cells.length) { return; }
    var all = document.createElement('input');
    all.type = 'hidden';
    all.name = 'key';
    all.value = 'all';
    form.appendChild(all);
    form.submit();
  }

  form.addEventListener('click', function (event) {
    var key = event.target.closest ? event.target.closest('button.key') : null;
    if (!key) { return; }
    event.preventDefault();
    press(key.value);
  });
  document.addEventListener('keydown', function (event) {
    if (/^[0-9]$/.test(event.key)) { press(event.key); }
    if (event.key === 'Backspace') { press('back'); }
  });
}());
