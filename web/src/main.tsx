// Where the page begins.

import './style/main.css';
import { render } from 'preact';
import * as address from './address/address';
import * as service from './api/service';
import * as categories from './colour/categories';
import * as keys from './shell/keys';
import { App } from './shell/app';

address.start();
keys.start();
categories.start();
service.start();
const root = document.getElementById('page');
if (root) render(<App />, root);
